"""A picture of the ratios, in SVG, for light and for dark pages."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from clients import OURS, PLAIN
from measuring import Figures

#: Lengths in the picture's own units.
WIDTH, PANEL, ROW, LABEL, GAP = 860, 420, 19, 158, 26

#: A longer bar is cut off there, and has its number.
LONGEST = 2.0

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 13px }
.note { fill: #57606a; font-size: 11px }
.other { fill: #afb8c1 } .plain { fill: #6e7781 } .ours { fill: #0d9488 }
.one { stroke: #6e7781; stroke-dasharray: 3 3 }
.mine { font-weight: 600; fill: #0f766e }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 }
  .other { fill: #3d444d } .plain { fill: #6e7681 } .ours { fill: #2dd4bf } .mine { fill: #5eead4 }
}
"""


def draw(cases: Mapping[str, Mapping[str, Figures]], where: str, path: str) -> None:
    """
    Draw a panel of bars for each case, two in a row.

    Args:
        cases: By title, the figures of each client.
        where: What they were measured with.
        path: The file to write.
    """
    heights = [_height(found) for found in cases.values()]
    tops = [44]
    for first in range(0, len(heights), 2):
        tops.append(tops[-1] + max(heights[first : first + 2]) + GAP)
    panels = [
        _panel(title, found, (number % 2) * (PANEL + 20), tops[number // 2])
        for number, (title, found) in enumerate(cases.items())
    ]
    bottom = tops[-1] + 2
    note = f"CPU time of the client for a request, requests = 1. {where}; nginx on the same machine."
    Path(path).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom}" width="{WIDTH}" height="{bottom}" '
        f'role="img" aria-label="{escape(_said(cases))}">\n<style>{STYLE}</style>\n'
        f'<text class="note" x="0" y="16">{escape(note)}</text>\n' + "\n".join(panels) + "\n</svg>\n",
        encoding="utf-8",
    )


def _height(found: Mapping[str, Figures]) -> int:
    return 14 + ROW * len(found)


def _panel(title: str, found: Mapping[str, Figures], left: int, top: int) -> str:
    scale = (PANEL - LABEL - 40) / LONGEST
    one = left + LABEL + scale
    lines = [
        f'<text class="title" x="{left}" y="{top}">{escape(title)}</text>',
        f'<line class="one" x1="{one}" x2="{one}" y1="{top + 8}" y2="{top + _height(found)}"/>',
    ]
    for number, (client, figures) in enumerate(sorted(found.items(), key=lambda item: item[1].ratio)):
        y = top + 14 + ROW * number
        kind = {OURS: "ours", PLAIN: "plain"}.get(client, "other")
        length = max(1.0, scale * min(figures.ratio, LONGEST))
        bold = ' class="mine"' if client == OURS else ""
        lines += [
            f'<text{bold} x="{left + LABEL - 8}" y="{y + 11}" text-anchor="end">{escape(client)}</text>',
            f'<rect class="{kind}" x="{left + LABEL}" y="{y}" width="{length:.1f}" height="{ROW - 5}" rx="2"/>',
            f'<text{bold} x="{left + LABEL + length + 5:.1f}" y="{y + 11}">{figures.ratio:.2f}</text>',
        ]
    return "\n".join(lines)


def _said(cases: Mapping[str, Mapping[str, Figures]]) -> str:
    """The picture for those who do not see it."""
    return "; ".join(f"{title}: {OURS} {found[OURS].ratio:.2f} of requests" for title, found in cases.items())
