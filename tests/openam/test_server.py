"""What the server of these tests does to the machine it runs on."""

import os
from pathlib import Path

import pytest

#: 127.0.0.1 as the kernel prints it, plain and in IPv6's clothes.
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}
LISTENING = "0A"


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells who listens where")
def test_it_listens_on_loopback_alone(openam):
    """Tomcat, the embedded directory and its JMX: no port is open to other machines."""
    pid = (openam.folder / "pid").read_text()
    descriptors = Path("/proc", pid, "fd")
    sockets = {os.readlink(descriptor) for descriptor in descriptors.iterdir()}
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path("/proc/net", table).read_text().splitlines()]
    addresses = [
        line[1].partition(":")[0] for line in lines if line[3] == LISTENING and f"socket:[{line[9]}]" in sockets
    ]
    assert len(addresses) >= 4
    assert set(addresses) <= LOOPBACK
