"""What a probe has found, for people and for machines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..page import Page
from .own import Left
from .question import Finding, Verdict


@dataclass(frozen=True, slots=True)
class Report:
    """
    What a probe has found.

    Attributes:
        base_url: The tenant.
        collection: The path that was asked about.
        requests: How many went out.
        findings: In the order they were asked.
        left: What could not be removed.
        stopped: Why it ended before all was asked; "" if it did not.
    """

    base_url: str
    collection: str
    requests: int
    findings: tuple[Finding, ...]
    left: tuple[Left, ...]
    stopped: str = ""

    @property
    def differing(self) -> tuple[Finding, ...]:
        """What is not as the library assumes."""
        return self._of("differs")

    @property
    def status(self) -> int:
        """The exit status: 0 nothing differs, 1 something does or was left behind, 2 it ended early."""
        if self.stopped:
            return 2
        return 1 if self.differing or self.left else 0

    def as_json(self) -> dict[str, Any]:
        """For machines; the names are stable."""
        return {
            "base_url": self.base_url,
            "collection": self.collection,
            "requests": self.requests,
            "stopped": self.stopped or None,
            "differs": [finding.name for finding in self.differing],
            "findings": [finding.as_json() for finding in self.findings],
            "left": [{"method": "DELETE", "url": one.url, "why": one.why} for one in self.left],
        }

    def blotted(self, clean: Callable[[str], str]) -> "Report":
        """The same report, its texts cleaned of what a server may have repeated."""
        findings = (replace(one, answered=clean(one.answered)) for one in self.findings)
        left = (Left(one.url, clean(one.why)) for one in self.left)
        return replace(self, findings=tuple(findings), left=tuple(left), stopped=clean(self.stopped))

    def on(self, page: Page) -> None:
        """Write it: what differs and what follows first, the rest in a line each."""
        page.say(f"{self.base_url}, {self.collection}: {self.requests} requests.")
        if self.differing:
            page.heading(f"Differs from what the library assumes ({len(self.differing)})", colour="1;33")
            for finding in self.differing:
                page.say(finding.asked, label=f"  {finding.name}: ")
                page.say(finding.assumed, label="    assumed:  ")
                page.say(finding.answered, label="    answered: ")
                page.say(finding.means, label="    for you:  ")
        _list(page, "As assumed", self._of("as assumed"))
        _list(page, "Could not be asked", self._of("not asked"))
        if self.stopped:
            page.heading(f"Stopped early: {self.stopped}", colour="1;31")
        self._end(page)

    def _end(self, page: Page) -> None:
        if not self.left:
            page.heading("Nothing was left behind.")
            return
        page.heading("LEFT BEHIND. Remove it by hand:", colour="1;31")
        for one in self.left:
            page.line(f"DELETE {one.url}", indent="  ")
            page.say(one.why, indent="    ")

    def _of(self, verdict: Verdict) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict == verdict)


def _list(page: Page, title: str, findings: Iterable[Finding]) -> None:
    found = list(findings)
    if found:
        page.heading(f"{title} ({len(found)})")
        for finding in found:
            page.say(f"{finding.asked}: {finding.answered}", label=f"  {finding.name}: ")
