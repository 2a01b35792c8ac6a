"""An access token, shared by the threads that use it."""

import copy
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

from .events import log_event

#: Seconds before its end at which a token is renewed, so that it does not end on the way.
_RESERVE = 60.0

#: The same as a part of its life, where that is short.
_SHORT_RESERVE = 0.1

#: Seconds until a renewal that has failed is tried again, while the token lives.
_AGAIN = 10.0


class Clock:
    """The time, which tests replace."""

    def now(self) -> float:
        """Seconds that nobody sets back, to measure with."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970, as this machine has them."""
        return time.time()


@dataclass(eq=False, slots=True)
class Token:
    """
    An access token.

    Attributes:
        value: What goes out after "Bearer".
        renew_at: When to get the next one, in seconds of the clock that measures.
        ends_at: When it is dead, in the same seconds.
        refused: A server has not taken it, so it is dead, whatever its age.
    """

    value: str = field(repr=False)
    renew_at: float
    ends_at: float
    refused: bool = False

    @property
    def authorization(self) -> str:
        """The header's value."""
        return f"Bearer {self.value}"


def renewal(life: float | None, *, now: float) -> float:
    """
    When to renew a token.

    Args:
        life: Seconds that it lives from *now* on, by the server; None: the server does not say.
        now: When the server said so.

    Returns:
        60 seconds before its end, or a tenth of its life where that is less; never, where the end is unknown.

    >>> renewal(899, now=1000), renewal(10, now=1000), renewal(None, now=1000)
    (1839.0, 1009.0, inf)
    """
    return float("inf") if life is None else now + life - min(_RESERVE, life * _SHORT_RESERVE)


class Tokens:
    """
    The current token of one account, and the one place where the next is asked for.

    Whoever comes while the next one is being asked for waits, and shares what comes of it, be it a token or an
    error: a token server that is down is not asked once by every thread, one after the other.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._token: Token | None = None
        #: The last outcome, and how many there have been.
        self._outcome: Token | Exception | None = None
        self._outcomes = 0
        self._asking = threading.Lock()
        _ALL.add(self)

    def current(self, ask: Callable[[], Token]) -> Token:
        """
        The token to use now.

        Args:
            ask: Gets another one.

        Raises:
            Exception: What *ask* raised, in this thread or in the one that this one has waited for, unless the token
                that there is has not come to its end.
        """
        before = self._outcomes
        token = self._token
        if token is not None and self._is_good(token):
            return token
        # A lock and not a flag: an interrupt (Ctrl-C) releases it, and the next in the queue asks.
        with self._asking:
            shared = None if self._outcomes == before else self._outcome
            if isinstance(shared, Exception):
                raise _twin(shared) from shared
            # Somebody else may have been refused with it already.
            return self._ask(ask) if shared is None or shared.refused else shared

    def _is_good(self, token: Token) -> bool:
        return self._lives(token) and self._clock.now() < token.renew_at

    def _lives(self, token: Token) -> bool:
        return not token.refused and self._clock.now() < token.ends_at

    def _ask(self, ask: Callable[[], Token]) -> Token:
        try:
            token = ask()
        except Exception as error:
            former = self._token
            if former is not None and self._lives(former):
                # A token server that is down for a moment takes nobody along whose token is still good.
                former.renew_at = self._clock.now() + _AGAIN
                log_event(
                    logging.WARNING,
                    "refresh failed",
                    "no new token (%(why)s): the old one lives",
                    why=type(error).__name__,
                )
                self._outcome = former
                self._outcomes += 1
                return former
            # Without the traceback, whose frames hold what was sent.
            self._outcome = _twin(error)
            self._outcomes += 1
            raise
        self._token = self._outcome = token
        self._outcomes += 1
        return token

    def after_fork(self) -> None:
        """In a child: nobody here holds the lock, whoever held it in the parent."""
        self._asking = threading.Lock()


def _twin(error: Exception) -> Exception:
    """A copy for another thread to raise; one that cannot be copied is raised itself."""
    try:
        return copy.copy(error)
    except Exception:  # noqa: BLE001  # an adapter's own exception may want arguments
        return error


_ALL: "weakref.WeakSet[Tokens]" = weakref.WeakSet()


def _after_fork() -> None:
    for tokens in list(_ALL):
        tokens.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
