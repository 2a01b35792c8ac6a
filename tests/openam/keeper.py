"""
Runs one command for as long as somebody holds the other end of standard input, and removes its folder.

    python keeper.py FOLDER COMMAND...

Whoever started it need not say goodbye: when that process dies, by whatever signal, the pipe closes. What the command
prints goes to FOLDER/log. Ends with the command's exit code when it ends by itself; the folder stays until the pipe
closes, so that its log can be read.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def main(folder: Path, command: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # of a whole group; the pipe will close too
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    (folder / "pid").write_text(str(child.pid))
    try:
        while not closed(sys.stdin.fileno(), seconds=0.2):
            if child.poll() is not None:
                (folder / "ended").write_text(str(child.returncode))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def closed(pipe: int, seconds: float) -> bool:
    return bool(select.select([pipe], [], [], seconds)[0]) and not os.read(pipe, 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
