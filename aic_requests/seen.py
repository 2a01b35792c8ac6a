"""What each thread has seen of each resource."""

from collections import OrderedDict
from threading import local

from .revision import Revision

#: Resources that a thread remembers, about 25 MB. What falls out is written without an If-Match,
#: unless the document that is sent holds its ``_rev``.
_MOST = 100_000


class SeenRevisions:
    """
    The revision that this thread last received of a resource, as one principal.

    Another thread's is never used: the code that writes here has not seen it. Nor is another
    principal's, who may see other fields.
    """

    def __init__(self) -> None:
        self._threads = local()

    def of(self, principal: bytes, path: str) -> Revision | None:
        """What this thread saw last, or None."""
        return self._mine().get((principal, path))

    def learn(self, principal: bytes, path: str, revision: Revision) -> None:
        """Remember what this thread has just received."""
        mine = self._mine()
        mine[principal, path] = revision
        mine.move_to_end((principal, path))
        if len(mine) > _MOST:
            mine.popitem(last=False)

    def forget(self, principal: bytes, path: str) -> None:
        """The resource is gone."""
        self._mine().pop((principal, path), None)

    def _mine(self) -> OrderedDict[tuple[bytes, str], Revision]:
        mine: OrderedDict[tuple[bytes, str], Revision]
        try:
            mine = self._threads.revisions
        except AttributeError:
            mine = OrderedDict()
            self._threads.revisions = mine
        return mine
