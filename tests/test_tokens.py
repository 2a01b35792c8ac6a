"""A token, shared by threads."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aic_requests import BadRequest
from aic_requests.tokens import Clock, Token, Tokens, renewal


class Hands(Clock):
    """A clock that a test sets."""

    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return self.seconds


class Server:
    """Gives tokens that live for 100 s, and counts; slowly, so that threads meet."""

    def __init__(self, clock, *, delay=0.0, life=100.0):
        self.clock, self.delay, self.life, self.asked = clock, delay, life, 0
        self.fails: list[BaseException] = []

    def __call__(self):
        self.asked += 1
        number = self.asked
        time.sleep(self.delay)
        if self.fails:
            raise self.fails.pop(0)
        now = self.clock.now()
        return Token(f"token {number}", renewal(self.life, now=now), now + self.life)


def in_threads(count, work):
    """What each of the threads got, all at once; exceptions as they are."""
    gate = threading.Barrier(count)

    def one(_):
        gate.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # it is what the test looks at
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize(
    ("life", "seconds"), [(899, 839), (3599, 3539), (600, 540), (599, 539.1), (240, 216), (10, 9), (1, 0.9), (0, 0)]
)
def test_when_a_token_is_renewed(life, seconds):
    """60 s before its end, or a tenth of its life where that is less."""
    assert renewal(life, now=1000) == pytest.approx(1000 + seconds)


def test_a_token_without_an_end_is_kept():
    """Until a server refuses it."""
    assert renewal(None, now=0) == float("inf")


def test_a_token_is_used_until_it_is_to_be_renewed():
    """And not a second longer."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock)
    for seconds, value in ((0, "token 1"), (89, "token 1"), (1, "token 2"), (89, "token 2"), (2, "token 3")):
        clock.seconds += seconds
        assert tokens.current(server).value == value


def test_many_threads_ask_once():
    """For the first token, after its end, and after it was refused."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock, delay=0.05)
    assert {token.value for token in in_threads(16, lambda: tokens.current(server))} == {"token 1"}
    clock.seconds += 95
    assert {token.value for token in in_threads(16, lambda: tokens.current(server))} == {"token 2"}
    tokens.current(server).refused = True
    assert {token.value for token in in_threads(16, lambda: tokens.current(server))} == {"token 3"}
    assert server.asked == 3


def test_a_token_that_is_dead_at_birth_is_shared_too():
    """Whoever has waited for it uses it; whoever comes later asks again."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock, delay=0.05, life=0)
    assert {token.value for token in in_threads(16, lambda: tokens.current(server))} == {"token 1"}
    assert tokens.current(server).value == "token 2"


def test_who_waits_shares_the_failure():
    """One failed call for all who were there, each with an exception of its own; the next one asks anew."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock, delay=0.2)
    server.fails = [BadRequest("400: no")]
    errors = in_threads(16, lambda: tokens.current(server))
    assert server.asked == 1
    assert {(type(error), str(error)) for error in errors} == {(BadRequest, "400: no")}
    assert len({id(error) for error in errors}) == 16
    assert tokens.current(server).value == "token 2"


def test_a_renewal_that_fails_costs_nothing_while_the_token_lives(caplog):
    """It is tried again 10 s later; at its end, the failure is the caller's. One that was refused is not used again."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock)
    first = tokens.current(server)
    clock.seconds += 91
    server.fails = [BadRequest("400: no"), BadRequest("400: no"), BadRequest("400: no")]
    assert [tokens.current(server) for _ in range(3)] == [first] * 3
    assert server.asked == 2
    assert [record.getMessage() for record in caplog.records] == ["no new token (BadRequest): the old one lives"]
    clock.seconds += 9
    with pytest.raises(BadRequest):
        tokens.current(server)
    clock.seconds -= 4
    first.refused = True
    with pytest.raises(BadRequest):
        tokens.current(server)
    assert tokens.current(server).value == "token 5"


class Stubborn(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one}{two}")


def test_an_exception_that_cannot_be_copied_is_shared_as_it_is():
    """An adapter's own, say."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock, delay=0.2)
    server.fails = [Stubborn("a", "b")]
    assert {str(error) for error in in_threads(4, lambda: tokens.current(server))} == {"ab"}
    assert server.asked == 1


def test_an_interrupt_is_not_shared():
    """Ctrl-C ends the call of the thread that it hits; the next in the queue asks for itself."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock, delay=0.2)
    server.fails = [KeyboardInterrupt()]
    outcomes = []

    def work():
        try:
            outcomes.append(tokens.current(server).value)
        except KeyboardInterrupt:
            outcomes.append("interrupted")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["interrupted", "token 2", "token 2", "token 2"]


def test_a_refused_token_is_not_shared():
    """Who has waited for a token that somebody else was refused with already asks again."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock)

    def ask():
        token = server()
        token.refused = server.asked == 1
        return token

    slow = threading.Event()

    def first():
        slow.wait(5)
        return ask()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(tokens.current, first)
        time.sleep(0.05)
        other = pool.submit(tokens.current, ask)
        time.sleep(0.05)
        slow.set()
        assert (one.result().value, other.result().value) == ("token 1", "token 2")


def test_the_repr_of_a_token_does_not_show_it():
    """Nor does anything that holds it."""
    assert "s3cr3t" not in repr(Token("s3cr3t", 1.0, 2.0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_process_does_not_wait_for_its_parents_threads():
    """Forked while another thread was asking, it asks for itself; a token that is there it goes on using."""
    clock = Hands()
    tokens, server = Tokens(clock), Server(clock)
    hold, held = threading.Event(), threading.Event()

    def slow():
        held.set()
        hold.wait(10)
        return server()

    thread = threading.Thread(target=tokens.current, args=(slow,))
    thread.start()
    held.wait(5)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if tokens.current(server).value == "token 1" and tokens.current(server).value == "token 1" else 1)
    hold.set()
    thread.join()
    end = time.monotonic() + 10
    while (done := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
        time.sleep(0.01)
    if done == (0, 0):
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert done[1] == 0
