"""The page size that a server asks for when it refuses one."""

import re
from html import unescape

#: A refusal that is about the size of a page names it so; CREST's own is "_pageSize".
_ABOUT_PAGES = re.compile(r"page|limit|maximum|results", re.IGNORECASE)
_NUMBER = re.compile(r"(?<!\w)(?<![0-9]\.)[0-9]{1,9}(?!\w)(?!\.[0-9])")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_BELOW = re.compile(r"\b(?:(?:less|fewer|smaller|lower) than|below|under) ([0-9]+)", re.IGNORECASE)


def largest_page(words: str, asked: int) -> int | None:
    """
    Read in a refusal how large a page may be.

    Args:
        words: The server's own.
        asked: The size that was refused.

    Returns:
        A smaller size; None where the words say none.

    Source: ESV refuses pages of more than 100 rows; how it says so is not recorded, so this takes any words.

    >>> largest_page("The page size must not exceed 100", 1000)
    100
    >>> largest_page("_pageSize: 1000 is not between 1 and 100", 1000)
    100
    """
    # CREST writes &#39; for an apostrophe: no number.
    words = unescape(words)
    if not _ABOUT_PAGES.search(words):
        return None
    # "1,100" is one number or two: what is wrong is refused again, and then the next smaller one is tried.
    both = f"{words} {_THOUSANDS.sub('', words)}"
    below = {int(number) for number in _BELOW.findall(both)}
    named = {int(number) for number in _NUMBER.findall(both)} - below | {number - 1 for number in below}
    return max((size for size in named if 1 <= size < asked), default=None)
