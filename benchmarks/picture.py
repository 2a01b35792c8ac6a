"""The picture of the README: bars of CPU, beside plain requests. Its greys are read on white and on black."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from clients import OURS, REQUESTS
from measuring import Sampled, ratio

#: The cases that are drawn, and what stands over each.
DRAWN = {
    "repeated .json(), 1 KiB": "read again, 1 KiB of JSON",
    "repeated .json(), 32 KiB": "read again, 32 KiB of JSON",
    "PUT with If-Match": "PUT with If-Match, 1 KiB",
    "new TLS connection": "new TLS connection",
}
_WIDTH, _LINE, _HEAD, _BAR = 860, 22, 34, 170
#: Text, bars, and ours. Each has a contrast of 4 at least to GitHub's two backgrounds.
_TEXT, _GREY, _OURS = "#768390", "#8b98a5", "#e8590c"


def picture(results: dict[str, dict[str, Sampled]]) -> str:
    """An SVG, with a panel for each case that was measured."""
    panels = [(title, _ratios(results[name])) for name, title in DRAWN.items() if name in results]
    height = max((len(bars) for _, bars in panels), default=0) * _LINE + _HEAD + 14
    rows = -(-len(panels) // 2)
    lines = [line for number, (title, bars) in enumerate(panels) for line in _panel(number, height, title, bars)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {rows * height + 30}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{_TEXT}" role="img">\n'
        "<title>CPU of the client for a request, beside plain requests</title>\n"
        '<text x="8" y="20" font-size="15">CPU of the client for a request; requests is 1, less is better</text>\n'
        f'<g transform="translate(0 30)">\n{"".join(lines)}</g>\n</svg>\n'
    )


def _ratios(samples: dict[str, Sampled]) -> list[tuple[str, float]]:
    """Each client and its ratio, the least first."""
    found = [(name, ratio(one.values, samples[REQUESTS].values).middle) for name, one in samples.items()]
    return sorted(((name, middle) for name, middle in found if "SQLite" not in name), key=lambda one: one[1])


def _panel(number: int, height: int, title: str, bars: list[tuple[str, float]]) -> Iterator[str]:
    x, y = number % 2 * _WIDTH // 2, number // 2 * height
    longest = max(middle for _, middle in bars)
    yield f'<g transform="translate({x} {y})">\n<text x="8" y="22" font-weight="600">{escape(title)}</text>\n'
    for line, (name, middle) in enumerate(bars):
        top, length = _HEAD + line * _LINE, max(middle / longest * _BAR, 1)
        colour, weight = (_OURS, "700") if name == OURS else (_GREY, "400")
        ink = f' fill="{_OURS}"' if name == OURS else ""
        yield (
            f'<text x="112" y="{top + 13}" text-anchor="end" font-weight="{weight}"{ink}>{escape(name)}</text>'
            f'<rect x="120" y="{top + 1}" width="{length:.1f}" height="15" rx="2" fill="{colour}"/>'
            f'<text x="{126 + length:.1f}" y="{top + 13}" font-weight="{weight}"{ink}>{middle:.2f}</text>\n'
        )
    yield "</g>\n"
