"""What is shown on a terminal, or written where no terminal is."""

import os
import shutil
from collections.abc import Sequence
from textwrap import wrap
from typing import TextIO


class Page:
    """
    Writes headings, paragraphs, and request and answer side by side.

    Args:
        out: Where to.
        colour: Whether it may be coloured.
        width: Columns.
    """

    def __init__(self, out: TextIO, *, colour: bool, width: int) -> None:
        self._out = out
        self._colour = colour
        self._width = max(40, width)

    @classmethod
    def on(cls, out: TextIO) -> "Page":
        """Colour for a terminal that wants it (https://no-color.org), 80 plain columns for anything else."""
        if not out.isatty():
            return cls(out, colour=False, width=80)
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(out, colour=colour, width=shutil.get_terminal_size((80, 24)).columns)

    def say(self, text: str, *, indent: str = "", label: str = "") -> None:
        """Write a paragraph; a label stands before it, and its lines begin behind the label."""
        room = max(20, self._width - len(indent) - len(label))
        for number, line in enumerate(wrap(harmless(text), room, break_on_hyphens=False)):
            self._write(f"{indent}{label if number == 0 else ' ' * len(label)}{line}")

    def heading(self, text: str, *, colour: str = "1") -> None:
        """Write a line that stands out, after an empty one; *colour* is an ANSI code."""
        self._write("")
        for line in wrap(harmless(text), self._width, break_on_hyphens=False):
            self._write(self._painted(line, colour))
        self._out.flush()

    def line(self, text: str, *, indent: str = "") -> None:
        """Write what must not be broken, such as a URL to copy, however long."""
        self._write(indent + harmless(text))

    def side_by_side(self, left: Sequence[str], right: Sequence[str], *, bright: str) -> None:
        """Write two columns of lines, the first line of the right one in the colour *bright*."""
        # A wide terminal shows revisions whole, and keeps request and answer close together.
        wide = min(60, (self._width - 4) // 2)
        for row in range(max(len(left), len(right))):
            request = _fitted(left[row], wide) if row < len(left) else ""
            answer = _fitted(right[row], self._width - 4 - wide) if row < len(right) else ""
            shown = self._painted(answer, bright if row == 0 else "2")
            self._write(f"  {request:<{wide}}  {shown}".rstrip())

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text

    def _write(self, line: str) -> None:
        # A terminal that knows ASCII only is no reason to stop.
        coding = self._out.encoding or "utf-8"
        self._out.write(line.encode(coding, "replace").decode(coding) + "\n")


def harmless(text: str) -> str:
    """What does nothing to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def _fitted(text: str, width: int) -> str:
    """A text on one line; of a long one both ends, since revisions and paths differ in the last letters."""
    text = harmless(text)
    if len(text) <= width:
        return text
    tail = (width - 3) // 2
    return f"{text[: width - 3 - tail]}...{text[len(text) - tail :]}"
