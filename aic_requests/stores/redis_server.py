"""The Redis of a RedisStore: asked in one round trip, and left alone while it is in trouble."""

import time
from collections.abc import Iterator
from typing import Any, Final, cast

from .trouble import Trouble

#: Seconds to connect, and to wait for an answer, where the URL does not say otherwise. On a network of one's own it
#: answers within a millisecond; what is slower than a tenant is of no use.
_PATIENCE: Final = 0.25

#: Kinds of trouble.
_SLOW: Final = "too slow"
NOT_OURS: Final = "holding something under our prefix that is not ours"

_INSTALL: Final = 'RedisStore needs redis-py: pip install "aic-requests[redis]"'

_Command = tuple[Any, ...]


class Unanswered(Exception):
    """
    A command failed, or was not sent because the server is in trouble.

    Attributes:
        late: It may still be on its way, and carried out later.
    """

    def __init__(self, *, late: bool = False) -> None:
        super().__init__(late)
        self.late: bool = late


class RedisServer:
    """
    A client of redis-py, and what may go wrong with it.

    Args:
        url_or_client: A URL as redis-py takes it, or a client of the caller's.

    Attributes:
        reading: Trouble with all of it.
        keeping: Trouble with keeping something.
        dropping: Trouble with dropping something.
        url: The URL, where there is one and no password in it.

    Raises:
        ImportError: redis-py is not installed.
        ValueError: The URL is none, or the client decodes answers. The message shows nothing of it.
        TypeError: It is neither URL nor client.
    """

    def __init__(self, url_or_client: object) -> None:
        try:
            from redis import Redis
        except ImportError as error:
            raise ImportError(_INSTALL) from error

        self._is_ours = isinstance(url_or_client, str)
        self._client: Any = _client_of(url_or_client) if isinstance(url_or_client, str) else url_or_client
        if not isinstance(self._client, Redis):
            raise TypeError("RedisStore takes a URL such as 'redis://localhost:6379/0', or a redis.Redis")
        options: dict[str, Any] = self._client.connection_pool.connection_kwargs
        if options.get("decode_responses"):
            raise ValueError("decode_responses=True: RedisStore keeps bytes, give it a client that returns them")
        secret = any(options.get(name) for name in options if "password" in name or "credential" in name)
        self.url: str | None = url_or_client if isinstance(url_or_client, str) and not secret else None
        self.reading: Trouble = Trouble(_place(options))
        self.keeping: Trouble = self.reading.other_half()
        self.dropping: Trouble = self.reading.other_half()

    def ask(self, half: Trouble, *commands: _Command) -> list[Any]:
        """
        Send commands in one round trip, to be carried out together.

        Args:
            half: Whom it troubles if this fails, although the server can be reached.
            commands: Name and arguments of each.

        Returns:
            The replies.

        Raises:
            Unanswered: One failed, or the server is in trouble. The half has been told.
        """
        if self.reading.rests or half.rests:
            raise Unanswered
        start = time.monotonic()
        try:
            replies = self._send(commands)
        except Exception as error:  # noqa: BLE001  # a server that is no Redis makes redis-py stumble in many ways
            kind, advice, is_gone = _diagnosis(error)
            # One name that is not ours says nothing about the others.
            took = 0.0 if kind == NOT_OURS else time.monotonic() - start
            (self.reading if is_gone else half).met(kind, advice, took=took)
            raise Unanswered(late=kind == _SLOW) from None
        self.reading.over()
        half.over()
        return replies

    def scan(self, half: Trouble, prefix: bytes, digits: int) -> Iterator[list[bytes]]:
        """
        Walk over the names that are a prefix and so many hexadecimal digits.

        Yields:
            The names of one round trip, which looks at about 1,000 of the database.

        Raises:
            Unanswered: As in :meth:`ask`.
        """
        pattern = b"".join(b"\\" + bytes([one]) if one in b"\\*?[]^" else bytes([one]) for one in prefix)
        cursor = 0
        while True:
            [(cursor, names)] = self.ask(half, ("SCAN", cursor, "MATCH", pattern + b"?" * digits, "COUNT", 1000))
            yield [name for name in names if not name[len(prefix) :].strip(b"0123456789abcdef")]
            if not cursor:
                return

    def close(self) -> None:
        """Close the connections that nobody is using, if they are ours. They open again when they are needed."""
        if self._is_ours:
            self._client.connection_pool.disconnect(inuse_connections=False)

    def _send(self, commands: tuple[_Command, ...]) -> list[Any]:
        if len(commands) == 1:
            return [self._client.execute_command(*commands[0])]
        with self._client.pipeline(transaction=True) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            replies: list[Any] = pipeline.execute()
        return replies


def _client_of(url: str) -> Any:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        client = cast("Any", Redis).from_url(
            url,
            socket_connect_timeout=_PATIENCE,
            socket_timeout=_PATIENCE,
            # One attempt: the next request is the next one.
            retry=Retry(NoBackoff(), 0),
        )
        # It looks at its options when it makes a connection, which does not connect yet.
        client.connection_pool.make_connection()
        # It counts as one of max_connections, and is none.
        client.connection_pool.reset()
    except Exception:  # noqa: BLE001  # whatever redis-py makes of it
        # Its message may show a piece of the password.
        raise ValueError("this is no URL of a Redis, such as 'redis://localhost:6379/0'") from None
    return client


def _place(options: dict[str, Any]) -> str:
    """Where a client's server is, without its credentials."""
    host = f"{options['host']}:{options.get('port', 6379)}" if "host" in options else "a host that its client chooses"
    return f"Redis at {options.get('path') or host}, database {options.get('db') or 0},"


def _diagnosis(error: Exception) -> tuple[str, str, bool]:
    """The kind of a failure, what to do, and whether nothing else would have worked either. Not its words."""
    from redis import exceptions as known

    if isinstance(error, known.TimeoutError):
        return _SLOW, "A client of your own may have more patience (socket_timeout).", True
    if isinstance(error, known.AuthenticationError) or str(error).startswith(("NOAUTH", "WRONGPASS")):
        return "refusing the credentials", "Look at user and password.", True
    if isinstance(error, known.ConnectionError | OSError):
        return "out of reach", "Look whether it runs, and at its address.", True
    if isinstance(error, known.NoPermissionError):
        return "refusing a command to this user", "docs/redis.md has the list of those that are needed.", False
    if isinstance(error, known.ReadOnlyError):
        return "read-only", "Name its primary.", False
    if "maxmemory" in str(error):
        return "full", "Give it more memory, or an eviction policy such as allkeys-lru.", False
    if "WRONGTYPE" in str(error):
        return NOT_OURS, "Choose another prefix.", False
    return "refusing to work", f"See its log ({type(error).__name__}).", False
