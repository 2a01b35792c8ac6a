"""A store for many machines."""

import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ..whole_number import whole_number
from .at_rest import name_of, pack, unpack
from .no_store import NoStore, checked, forbids_keeping
from .owed import Owed
from .protocol import Representation, Size
from .redis_server import NOT_OURS, RedisServer, Unanswered
from .trouble import Trouble

if TYPE_CHECKING:
    import redis

_KEY_SIZE: Final = 32

#: Hexadecimal digits of a resource's name.
_DIGITS: Final = 32

#: Variants of one resource: as with a MemoryStore. One more, and it starts anew.
_MAX_VARIANTS: Final = 32

#: Bytes. Redis does nothing else while it takes one in.
_LARGEST: Final = 8 * 1024 * 1024

#: Seconds for which Linux goes on sending what a closed connection has left (tcp_orphan_retries, 100 s).
_LATE: Final = 120.0

#: Names of a database that are looked at to tell how much is kept, and the seconds it may take.
_SAMPLE: Final = 10_000
_SAMPLE_TIME: Final = 0.25


class RedisStore:
    """
    Representations in a Redis, for many machines. Needs the extra ``redis``.

    Args:
        url_or_client: A URL as redis-py takes it, such as ``rediss://:password@host:6379/0``, or a ``redis.Redis`` for
            one server. With a URL it waits 0.25 s at most to connect and for each answer, or what the URL says
            (``?socket_timeout=1``), and tries once; a client keeps its own time-outs and retries, and redis-py's
            default is to wait longer than any tenant.
        prefix: All names in the database begin with it.
        max_age: Seconds after the last reading in full that a resource is kept. Beyond that, the server's own
            ``maxmemory`` and eviction are the bound.
        no_store: "keep" is your word that what the server marks ``no-store``, as IDM does all, may be kept there.

    Raises:
        ImportError: ``pip install "aic-requests[redis]"``.
        TypeError: *url_or_client* is neither.
        ValueError: An argument makes no sense. The message shows nothing of the URL.

    Paths are hashed, bodies are not: who can read the Redis can read those. The secret of the hashes lies beside them.
    A server that is gone, slow, full or read-only is a miss and one warning (see :class:`Store`), and not asked for ten
    times as long as it made us wait. A store that was made meanwhile has a secret of its own, so it does not find what
    others keep, nor they what it keeps.

    A pickle holds the URL where there is no password in it, and connects by itself. Otherwise there is none
    (TypeError): make the store where it is used.
    """

    def __init__(
        self,
        url_or_client: "str | redis.Redis",
        *,
        prefix: str = "aic-requests:",
        max_age: int = 86_400,
        no_store: NoStore = "refuse",
    ) -> None:
        self.prefix: str = prefix
        self.max_age: int = whole_number("max_age", max_age, of="seconds")
        self.no_store: NoStore = checked(no_store)
        self._server = RedisServer(url_or_client)
        self._prefix = prefix.encode("utf-8", "surrogatepass")
        self._owed = Owed()
        #: Until when something that was sent and not answered may arrive, after what is sent next.
        self._late: dict[bytes, float] = {}
        self._key = self._find_key()

    def __repr__(self) -> str:
        return f"<RedisStore: {self._server.reading.where} prefix {self.prefix!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        if self._server.url is None:
            raise TypeError(
                "this RedisStore has a password or a client of yours, which do not go into a pickle: make the store "
                "where it is used"
            )
        return _make, (self._server.url, self.prefix, self.max_age, self.no_store)

    @property
    def key(self) -> bytes:
        """The secret that variants and paths are hashed with."""
        return self._key

    def get(self, path: str, variant: bytes) -> Representation | None:
        """What is kept of this variant, or None."""
        name = self._name(path)
        if name in self._owed or self._is_late(name):
            return None
        try:
            [packed] = self._server.ask(self._server.reading, ("HGET", name, variant))
        except Unanswered:
            return None
        kept = unpack(packed, name=name + variant, key=self._key)
        if kept is None and packed is not None:
            self._met_something_else()
        return kept

    def put(self, path: str, variant: bytes, representation: Representation) -> None:
        """Keep a representation, instead of the former one."""
        name = self._name(path)
        packed = pack(representation, name=name + variant, key=self._key)
        if len(packed) > _LARGEST or (self.no_store == "refuse" and forbids_keeping(representation)):
            # What may not be kept still takes the place of what it has outdated.
            self._write(self._server.dropping, name, ("HDEL", name, variant))
            return
        keep = (("HSET", name, variant, packed), ("EXPIRE", name, self.max_age))
        # With the key, so that the others find it after the server has lost it.
        variants = self._write(
            self._server.keeping, name, *keep, ("SET", self._name_of_key, self._key, "NX"), ("HLEN", name)
        )
        if variants is not None and variants > _MAX_VARIANTS:
            self._write(self._server.keeping, name, ("DEL", name), *keep)

    def drop(self, path: str) -> None:
        """Forget every variant of a resource, on all machines."""
        name = self._name(path)
        self._write(self._server.dropping, name, ("DEL", name))

    def clear(self) -> None:
        """Forget all that is under the prefix, on all machines; the key stays."""
        self._owed.add_all()
        with suppress(Unanswered):
            self._pay_all()

    def size(self) -> Size:
        """
        How much is held now: what all machines keep under the prefix.

        Redis does not count it, so up to 10,000 names of the database are looked at, for 0.25 s. Where there are more,
        it is an estimate from those.
        """
        try:
            return self._count()
        except Unanswered:
            return Size(0, 0)

    def close(self) -> None:
        """Close the connections, where the store has opened them. It opens them again when it is used."""
        self._server.close()

    def _name(self, path: str) -> bytes:
        return self._prefix + name_of(path, key=self._key).hex().encode()

    @property
    def _name_of_key(self) -> bytes:
        return self._prefix + b"key"

    def _find_key(self) -> bytes:
        """The secret that lies in the database; a new one where there is none, or where none can be read."""
        own = secrets.token_bytes(_KEY_SIZE)
        try:
            [found] = self._server.ask(self._server.reading, ("GET", self._name_of_key))
            if found is None:
                set_it = ("SET", self._name_of_key, own, "NX")
                # Another machine may be first.
                _, found = self._server.ask(self._server.keeping, set_it, ("GET", self._name_of_key))
        except Unanswered:
            return own
        if isinstance(found, bytes) and len(found) == _KEY_SIZE:
            return found
        self._met_something_else()
        return own

    def _write(self, half: Trouble, name: bytes, *commands: tuple[object, ...]) -> Any:
        """
        Carry out what changes a resource, and what is owed: until that is confirmed, the resource is not served.

        Returns:
            The reply to the last of the commands; None where it failed.
        """
        try:
            due = self._owed.now()
            if due is None:
                self._pay_all()
                due = frozenset[bytes]()
            replies = self._server.ask(half, *([("DEL", *due)] if due else []), *commands)
        except Unanswered as failure:
            self._owed.add(name)
            if failure.late:
                self._late_by(name)
            return None
        self._owed.paid(due)
        return replies[-1]

    def _pay_all(self) -> None:
        for names in self._server.scan(self._server.dropping, self._prefix, _DIGITS):
            if names:
                self._server.ask(self._server.dropping, ("UNLINK", *names))
        self._owed.paid(None)

    def _late_by(self, name: bytes) -> None:
        """Note that something may still arrive for a resource."""
        self._late[name] = time.monotonic() + _LATE
        for one in list(self._late):
            self._is_late(one)

    def _is_late(self, name: bytes) -> bool:
        """Whether something may still arrive for a resource, or may have arrived and is to be dropped."""
        until = self._late.get(name)
        if until is not None and time.monotonic() >= until:
            self._owed.add(name)
            self._late.pop(name, None)
        return until is not None

    def _count(self) -> Size:
        reading, start = self._server.reading, time.monotonic()
        seen = entries = size = 0
        for names in self._server.scan(reading, self._prefix, _DIGITS):
            if names:
                entries += sum(self._server.ask(reading, *[("HLEN", name) for name in names]))
                sizes = self._server.ask(reading, *[("MEMORY", "USAGE", name, "SAMPLES", 0) for name in names])
                # What has gone in between has none.
                size += sum(one or 0 for one in sizes)
            seen += 1000
            if seen >= _SAMPLE or time.monotonic() - start > _SAMPLE_TIME:
                [there] = self._server.ask(reading, ("DBSIZE",))
                part = max(1.0, there / seen)
                return Size(round(entries * part), round(size * part))
        return Size(entries, size)

    def _met_something_else(self) -> None:
        self._server.keeping.met(NOT_OURS, "Choose another prefix.", took=0.0)


def _make(url: str, prefix: str, max_age: int, no_store: NoStore) -> RedisStore:
    return RedisStore(url, prefix=prefix, max_age=max_age, no_store=no_store)
