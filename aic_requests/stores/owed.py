"""What a store has failed to forget."""

from typing import Final

#: Names to remember one by one; beyond, all count.
_MOST: Final = 10_000


class Owed:
    """
    Names of resources that a store could not drop, and so does not serve until it has. Safe under threads.

    A server may count a resource that was created anew from the same first revision, and would say of what was kept
    before that it is current.
    """

    def __init__(self) -> None:
        self._names: set[bytes] = set()
        self._all = False

    def __contains__(self, name: bytes) -> bool:
        return self._all or name in self._names

    def add(self, name: bytes) -> None:
        """Remember a resource; all of them where they get too many."""
        if len(self._names) >= _MOST:
            self.add_all()
        self._names.add(name)

    def add_all(self) -> None:
        """Remember that nothing may be served."""
        self._all = True

    def now(self) -> frozenset[bytes] | None:
        """What is owed now, names; None: all."""
        return None if self._all else frozenset(self._names)

    def paid(self, names: frozenset[bytes] | None) -> None:
        """What :meth:`now` had said is dropped."""
        if names is None:
            self._all = False
            self._names.clear()
        elif names:
            self._names.difference_update(names)
