"""Nothing is left behind, whatever ends first."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
SLEEPER = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
#: Starts the keeper as server.py does, and then does nothing.
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""


def test_it_ends_with_its_parent(tmp_path):
    """A parent that is killed takes the server and its folder along."""
    folder = tmp_path / "one"
    folder.mkdir()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(KEEPER), str(folder), *SLEEPER])
    child = eventually(lambda: (folder / "log").exists() and (folder / "log").read_text().strip())
    os.kill(int(child), 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    assert eventually(lambda: not folder.exists())
    assert eventually(lambda: not alive(int(child)))


def test_it_says_how_the_command_ended(tmp_path):
    """A server that ends by itself leaves its code and its log until its parent has read them."""
    folder = tmp_path / "one"
    folder.mkdir()
    command = [sys.executable, "-c", "print('no licence'); raise SystemExit(3)"]
    with subprocess.Popen([sys.executable, str(KEEPER), str(folder), *command], stdin=subprocess.PIPE) as keeper:
        assert eventually(lambda: (folder / "ended").exists() and (folder / "ended").read_text()) == "3"
        assert (folder / "log").read_text() == "no licence\n"
        keeper.stdin.close()
        assert keeper.wait(10) == 0
    assert not folder.exists()


def eventually(ask, seconds=20):
    """What it answers as soon as that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
