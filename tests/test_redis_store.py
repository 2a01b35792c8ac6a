"""A store in Redis: what machines share, and what becomes of a server that is gone, slow, full or not ours."""

import contextlib
import copy
import logging
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import trustme

from aic_requests import AICSession, RedisStore
from aic_requests.stores import Representation, Size, trouble
from aic_requests.stores import redis as store_module
from aic_requests.stores.at_rest import name_of
from aic_requests.testing import Tenant

from . import redis_server
from .keys import ACCOUNT
from .redis_relay import Relay
from .test_leaks import CARRIERS, JSON, call, home, leaks

__all__ = ["home"]

redis = pytest.importorskip("redis", reason='pip install "aic-requests[redis]"')

PATH = "https://tenant.example.com/openidm/managed/alpha_user/42"
CHECKOUT = Path(__file__).parent.parent
PASSWORD = "s3cr3tXyzzy0123456789"

#: Seconds: one time-out, and what a busy machine adds to it.
ONE_TIMEOUT = 0.6


def representation(text="x", size=100, headers=()):
    return Representation('"7"', ('ETag: "7"', *headers), (text * size).encode())


@pytest.fixture(scope="module")
def url():
    return redis_server.shared()


@pytest.fixture
def prefix(tmp_path):
    return redis_server.prefix_of(tmp_path)


@pytest.fixture
def client(url):
    with redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture
def store(url, prefix):
    return RedisStore(url, prefix=prefix)


@pytest.fixture
def server():
    """A server of the test's own, which it may ill-treat."""
    with redis_server.running() as server:
        yield server


@pytest.fixture
def relay(server):
    relay = Relay(server.port)
    yield relay
    relay.close()


@pytest.fixture
def rest(monkeypatch):
    """Waits until a server that was too slow once is asked again, which is sooner than elsewhere."""
    monkeypatch.setattr(trouble, "_REST", 2.0)
    return lambda: time.sleep(0.8)


@pytest.fixture
def warnings(caplog):
    """The warnings so far, in words."""
    caplog.set_level(logging.WARNING, "aic_requests")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "aic_requests"]


def works(store, path=PATH):
    store.put(path, b"me", representation("new"))
    return store.get(path, b"me") == representation("new")


def recovers(store, path=PATH):
    """Whether it works within some seconds: it rests ten times as long as its last failure took."""
    return any(works(store, path) or time.sleep(0.05) for _ in range(100))


def seconds(call, *arguments):
    start = time.monotonic()
    call(*arguments)
    return time.monotonic() - start


# What machines share


def test_machines_share_and_prefixes_do_not(url, prefix):
    """The key lies in the database, so that each names a resource alike."""
    one, other, stranger = (RedisStore(url, prefix=of) for of in (prefix, prefix, f"{prefix}more:"))
    one.put(PATH, b"me", representation())
    assert other.key == one.key != stranger.key
    assert other.get(PATH, b"me") == representation()
    assert stranger.get(PATH, b"me") is None


def test_a_write_on_one_machine_is_seen_by_all(url, prefix):
    """Every variant of the resource is gone at once, and no other resource."""
    one, other = RedisStore(url, prefix=prefix), RedisStore(url, prefix=prefix)
    for variant in (b"me", b"you"):
        one.put(PATH, variant, representation())
    one.put(PATH + "3", b"me", representation())
    other.drop(PATH)
    assert [one.get(PATH, b"me"), one.get(PATH, b"you")] == [None, None]
    assert one.get(PATH + "3", b"me") == representation()


def test_one_round_trip_each(relay):
    """A lookup, a hit or a miss, a put and a drop; after the connection has been made."""
    store = RedisStore(relay.url)
    store.get(PATH, b"me")
    for step in (
        lambda: store.get(PATH, b"me"),
        lambda: store.put(PATH, b"me", representation(size=1000)),
        lambda: store.get(PATH, b"me"),
        lambda: store.drop(PATH),
    ):
        before = relay.turns
        step()
        assert relay.turns - before == 1


def test_what_was_not_read_again_expires(url, prefix, client):
    """max_age counts from the last reading in full; nothing is without an end but the key."""
    store = RedisStore(url, prefix=prefix, max_age=1)
    store.put(PATH, b"me", representation())
    [name] = [name for name in client.scan_iter(f"{prefix}*") if not name.endswith(b":key")]
    assert client.ttl(name) == 1
    time.sleep(1.1)
    assert store.get(PATH, b"me") is None
    assert client.ttl(f"{prefix}key") == -1


@pytest.mark.parametrize("max_age", [0, -1])
def test_a_bound_makes_sense(url, max_age):
    """At least a second."""
    with pytest.raises(ValueError, match="max_age"):
        RedisStore(url, max_age=max_age)


def test_variants_of_one_resource_are_bounded(store):
    """A server that sets a new cookie with every answer makes a variant each time; the newest is always found."""
    for number in range(200):
        store.put(PATH, b"%d" % number, representation())
        assert store.get(PATH, b"%d" % number) == representation()
    assert store.size().entries <= 33


@pytest.mark.parametrize("headers", [(), ("Cache-Control: no-store",)], ids=["large", "no-store"])
def test_what_may_not_be_kept_replaces_what_it_outdates(store, headers):
    """A very large body, which would hold up everybody; what the server marks no-store."""
    store.put(PATH, b"me", representation("a"))
    store.put(PATH, b"me", representation("b", 100 if headers else 9 * 1024 * 1024, headers))
    assert store.get(PATH, b"me") is None
    assert store.size() == Size(0, 0)


def test_clear_forgets_what_is_under_the_prefix_alone(url, tmp_path, client):
    """Neither another prefix that begins alike or that it would match, nor the key, nor what is not ours."""
    prefix = f"test *?[a-z]\\{tmp_path}:"
    store = RedisStore(url, prefix=prefix)
    others = [RedisStore(url, prefix=of) for of in (f"{prefix}more:", prefix.replace("*", "x"))]
    for one in (store, *others):
        one.put(PATH, b"me", representation())
    client.set(f"{prefix}mine", "x")
    assert store.size().entries == 1
    store.clear()
    assert (store.size(), store.get(PATH, b"me")) == (Size(0, 0), None)
    assert all(other.get(PATH, b"me") is not None for other in others)
    assert client.get(f"{prefix}mine") == b"x"
    assert RedisStore(url, prefix=prefix).key == store.key


def test_size_does_not_take_long_on_a_large_database(server):
    """It counts what is there; from 10,000 names on it is an estimate, and within a second in any case."""
    store = RedisStore(server.patient_url)
    with redis.Redis.from_url(server.patient_url) as client, client.pipeline(transaction=False) as pipeline:
        for number in range(100_000):
            pipeline.set(f"foreign{number}", "x")
        pipeline.execute()
        for number in range(2_000):
            name = name_of(f"{PATH}{number}", key=store.key).hex()
            pipeline.hset(f"aic-requests:{name}", b"me", b"x" * 1024)
        pipeline.execute()
    start = time.monotonic()
    size = store.size()
    assert time.monotonic() - start < 1
    assert 1_000 < size.entries < 4_000
    assert 1_000 < size.bytes / size.entries < 1_600


# Whose client


def test_a_client_of_the_callers_stays_open(url, prefix):
    """It is closed by whoever has made it; our own connections open again when they are needed."""
    with redis.Redis.from_url(url) as client:
        theirs = RedisStore(client, prefix=prefix)
        before = client.client_id()
        theirs.close()
        assert client.client_id() == before
    ours = RedisStore(url, prefix=prefix)
    ours.put(PATH, b"me", representation())
    ours.close()
    assert ours.get(PATH, b"me") == representation()


def test_close_closes_our_connections(server):
    """None is left at the server."""
    store = RedisStore(server.patient_url)
    assert works(store)
    assert int(server.ask("INFO", "clients")["connected_clients"]) == 2
    store.close()
    for _ in range(100):
        # The server may notice a little later.
        if int(server.ask("INFO", "clients")["connected_clients"]) == 1:
            return
        time.sleep(0.02)
    raise AssertionError("a connection is left")


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (f"http://{PASSWORD}@localhost", ValueError),
        (f"redis://:{PASSWORD}/x@localhost:6379", ValueError),
        (f"redis://localhost:6379?socket_timeout={PASSWORD}", ValueError),
        (f"redis://localhost:6379?nonsense={PASSWORD}", ValueError),
        ("", ValueError),
        (None, TypeError),
        (7, TypeError),
    ],
)
def test_what_is_no_redis_is_refused(what, error):
    """At once, by a message that repeats nothing of it."""
    with pytest.raises(error) as caught:
        RedisStore(what)
    assert PASSWORD not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_an_asynchronous_client_is_refused(url):
    """As is one that makes text of bytes."""
    with pytest.raises(TypeError):
        RedisStore(redis.asyncio.Redis.from_url(url))
    with redis.Redis.from_url(url, decode_responses=True) as client, pytest.raises(ValueError, match="decode"):
        RedisStore(client)


def test_without_redis_py(url):
    """The package imports, and the store says what to install."""
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from aic_requests import RedisStore\n"
        "try: RedisStore('redis://localhost')\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 'pip install "aic-requests[redis]"' in said


def test_a_pickle_connects_by_itself(store):
    """It finds what the other has kept."""
    store.put(PATH, b"me", representation())
    for again in (pickle.loads(pickle.dumps(store)), copy.copy(store), copy.deepcopy(store)):
        assert again.get(PATH, b"me") == representation()
        assert (again.prefix, again.max_age, again.no_store) == (store.prefix, store.max_age, store.no_store)


@pytest.mark.parametrize("where", ["userinfo", "query", "client"])
def test_a_password_goes_into_no_pickle(where):
    """Nor does a client; the message says what to do, and no password."""
    given = {
        "userinfo": f"redis://me:{PASSWORD}@127.0.0.1:1/0",
        "query": f"redis://127.0.0.1:1/0?password={PASSWORD}",
        "client": redis.Redis(port=1, password=PASSWORD),
    }[where]
    store = RedisStore(given)
    with pytest.raises(TypeError, match="make the store where it is used") as caught:
        pickle.dumps(store)
    assert PASSWORD not in f"{caught.value} {store!r}"


# Trouble


def test_a_server_that_is_killed_and_started_again(server, warnings):
    """Misses and one warning, at no cost to speak of; then it works again, and others find the same key."""
    store = RedisStore(server.url)
    assert recovers(store)
    server.kill()
    for number in range(20):
        assert seconds(store.get, PATH, b"me") < ONE_TIMEOUT
        assert seconds(store.put, f"{PATH}{number}", b"me", representation()) < ONE_TIMEOUT
        assert store.get(PATH, b"me") is None
        assert store.size() == Size(0, 0)
    assert len(warnings()) == 1
    assert "out of reach" in warnings()[0]
    server.start()
    assert recovers(store)
    other = RedisStore(server.url)
    assert other.key == store.key
    assert works(other)
    assert len(warnings()) == 1


def test_a_server_that_is_away_when_the_store_is_made(server, rest, warnings):
    """It takes a key of its own, which stays: what a session has seen hangs on it."""
    before = RedisStore(server.url)
    before.put(PATH, b"me", representation())
    with server.stopped():
        start = time.monotonic()
        store = RedisStore(server.url)
        assert time.monotonic() - start < ONE_TIMEOUT
        key = store.key
        assert store.get(PATH, b"me") is None
    assert len(warnings()) == 1
    rest()
    assert works(store)
    assert store.key == key != before.key


def test_a_slow_server_is_asked_seldom(server, warnings):
    """It costs one time-out, then nothing for ten times as long; one warning."""
    store = RedisStore(server.url)
    assert recovers(store)
    with server.stopped():
        assert 0.2 < seconds(store.get, PATH, b"me") < ONE_TIMEOUT
        assert seconds(lambda: [store.get(PATH, b"me") for _ in range(100)]) < 0.1
        assert seconds(lambda: [store.put(PATH, b"me", representation()) for _ in range(100)]) < 0.1
        assert seconds(store.size) < 0.1
        assert seconds(store.clear) < 0.1
        assert seconds(store.drop, PATH) < 0.1
    assert len(warnings()) == 1
    assert "too slow" in warnings()[0]
    time.sleep(3)
    assert recovers(store)
    assert len(warnings()) == 1


def test_what_could_not_be_dropped_is_not_served(server, rest):
    """A resource that is created anew may have the same first revision. The next write drops it on all machines."""
    store, other = RedisStore(server.url), RedisStore(server.url)
    for path in (PATH, PATH + "3", PATH + "4"):
        store.put(path, b"me", representation("old"))
    with server.stopped():
        store.get(PATH, b"me")
        store.drop(PATH)
        store.put(PATH + "3", b"me", representation("new"))
    rest()
    assert other.get(PATH, b"me") == representation("old")
    assert [store.get(PATH + more, b"me") for more in ("", "3")] == [None, None]
    assert store.get(PATH + "4", b"me") == representation("old")
    assert works(store, PATH + "5")
    assert [other.get(PATH + more, b"me") for more in ("", "3")] == [None, None]
    assert works(store)


def test_what_could_not_be_cleared_is_not_served(server, rest):
    """Nothing is, until it has been."""
    store = RedisStore(server.url)
    store.put(PATH, b"me", representation("old"))
    with server.stopped():
        store.get(PATH, b"me")
        store.clear()
    rest()
    assert store.get(PATH, b"me") is None
    assert works(store, PATH + "3")
    assert store.get(PATH, b"me") is None
    assert works(store)


def test_what_may_still_arrive_is_not_served(server, rest, monkeypatch):
    """A put that was sent and not answered may be carried out later, even after a drop."""
    monkeypatch.setattr(store_module, "_LATE", 2.0)
    store = RedisStore(server.url)
    store.drop(PATH)
    with server.stopped():
        store.put(PATH, b"me", representation("late"))
    rest()
    assert RedisStore(server.url).get(PATH, b"me") == representation("late")
    store.drop(PATH)
    assert store.get(PATH, b"me") is None
    assert not works(store)
    time.sleep(1.5)
    assert store.get(PATH, b"me") is None
    assert works(store)


def test_a_full_server(server, warnings):
    """It takes no more: a miss and one warning; what is there is served, and can be dropped; room heals it."""
    store = RedisStore(server.patient_url)
    for number in range(20):
        store.put(f"{PATH}{number}", b"me", representation(size=1000))
    server.ask("CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
    for number in range(10):
        store.put(f"{PATH}{number}", b"me", representation("b"))
        assert store.get(f"{PATH}{number}", b"me") is None
        assert store.get(f"{PATH}19", b"me") == representation(size=1000)
    store.drop(f"{PATH}18")
    assert store.get(f"{PATH}18", b"me") is None
    assert len(warnings()) == 1
    assert "full" in warnings()[0]
    server.ask("CONFIG", "SET", "maxmemory", "0")
    assert recovers(store, f"{PATH}0")
    assert store.get(f"{PATH}5", b"me") is None


def test_a_server_that_evicts(server, warnings):
    """It keeps within its bound, and throws out the key as well: no word about that, the session goes on."""
    store = RedisStore(server.patient_url, no_store="keep")
    used = int(server.ask("INFO", "memory")["used_memory"])
    server.ask("CONFIG", "SET", "maxmemory", str(used + 1_000_000), "maxmemory-policy", "allkeys-random")
    for number in range(3000):
        store.put(f"{PATH}{number}", b"me", representation(size=1000))
    assert 100 < store.size().entries < 1000
    found = [store.get(f"{PATH}{number}", b"me") for number in range(3000)]
    assert set(found) == {None, representation(size=1000)}
    server.ask("DEL", "aic-requests:key")
    later = RedisStore(server.patient_url)
    assert later.key != store.key
    assert works(later)
    assert works(store)
    assert warnings() == []


def test_a_server_that_has_lost_everything(server):
    """The key is put back by whoever goes on, so that those who come later find what he keeps."""
    store = RedisStore(server.patient_url)
    assert works(store)
    server.ask("FLUSHALL")
    assert store.get(PATH, b"me") is None
    assert works(store)
    assert RedisStore(server.patient_url).get(PATH, b"me") == representation("new")


def test_a_read_only_replica(server, warnings):
    """It serves what its primary has, and keeps nothing; what could not be dropped there is not served."""
    server.ask("CONFIG", "SET", "repl-diskless-sync-delay", "0")
    RedisStore(server.patient_url).put(PATH, b"me", representation())
    with redis_server.running("--replicaof", "127.0.0.1", str(server.port)) as replica:
        for _ in range(500):
            if replica.ask("DBSIZE") == 2:
                break
            time.sleep(0.02)
        store = RedisStore(replica.patient_url)
        assert store.get(PATH, b"me") == representation()
        for _ in range(3):
            store.put(PATH + "3", b"me", representation())
            assert store.get(PATH + "3", b"me") is None
        store.drop(PATH)
        assert store.get(PATH, b"me") is None
    assert len(warnings()) == 1
    assert "read-only" in warnings()[0]


@pytest.mark.parametrize(
    ("userinfo", "word"),
    [(f":{PASSWORD}@", None), (f"default:{PASSWORD}@", None), (":wr0ngXyzzy@", "credentials"), ("", "credentials")],
)
def test_a_password(userinfo, word, warnings):
    """The right one is let in. With another one or none it is a miss and one warning, and no word of the password."""
    with redis_server.running("--requirepass", PASSWORD) as server:
        url = server.patient_url.replace("//", f"//{userinfo}")
        store = RedisStore(url)
        assert works(store) is (word is None)
        assert store.size().entries == (word is None)
    assert len(warnings()) == (word is not None)
    assert all(word in one for one in warnings())
    assert "Xyzzy" not in f"{warnings()} {store!r}"


def test_a_user_who_may_not_do_everything(server, warnings):
    """Reading alone is enough to be served; keeping is a miss and one warning."""
    RedisStore(server.patient_url).put(PATH, b"me", representation())
    server.ask("ACL", "SETUSER", "reader", "on", f">{PASSWORD}", "~aic-requests:*", "+@read", "+@connection")
    store = RedisStore(server.patient_url.replace("//", f"//reader:{PASSWORD}@"))
    assert store.get(PATH, b"me") == representation()
    for number in range(3):
        store.put(f"{PATH}{number}", b"me", representation())
        assert store.get(f"{PATH}{number}", b"me") is None
    assert len(warnings()) == 1


def test_the_commands_that_the_documentation_names_are_enough(server, warnings):
    """A user who may do these under the prefix, and nothing else, has a store that does everything."""
    documented = (CHECKOUT / "docs" / "redis.md").read_text("utf-8").partition("ACL SETUSER")[2].partition("\n```")[0]
    rules = documented.replace("\\\n", " ").replace("PASSWORD", PASSWORD).split()
    server.ask("ACL", "SETUSER", *rules)
    store = RedisStore(server.patient_url.replace("//", f"//{rules[0]}:{PASSWORD}@"))
    assert works(store)
    store.put(PATH, b"me", representation(headers=("Cache-Control: no-store",)))
    assert store.get(PATH, b"me") is None
    for number in range(40):
        store.put(PATH, b"%d" % number, representation())
    assert store.size().entries > 0
    assert store.size().bytes > 0
    store.drop(PATH)
    store.clear()
    assert store.size() == Size(0, 0)
    assert warnings() == []


def test_encrypted(tmp_path, warnings):
    """rediss:// holds the server to its certificate; another authority's is a miss and one warning."""
    for name, authority in (("ours", trustme.CA()), ("theirs", trustme.CA())):
        authority.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
        if name == "ours":
            authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    pem = str(tmp_path / "server.pem")
    files = ("--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", str(tmp_path / "ours.pem"))
    with redis_server.running("--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "no", *files) as server:
        url = f"rediss://127.0.0.1:{server.port}/0?socket_timeout=10&socket_connect_timeout=10&ssl_ca_certs={tmp_path}"
        assert works(RedisStore(f"{url}/ours.pem"))
        assert warnings() == []
        assert not works(RedisStore(f"{url}/theirs.pem"))
    assert len(warnings()) == 1


def test_a_socket_of_this_machine(warnings):
    """unix:// too."""
    with redis_server.running("--unixsocket", "here") as server:
        store = RedisStore(f"unix://{server.folder}/here?socket_timeout=10")
        assert works(store)
        assert works(pickle.loads(pickle.dumps(store)))
    assert str(server.folder) in repr(store)


@pytest.mark.parametrize("spoilt", ["value", "type", "old", "moved"])
def test_what_is_not_ours_under_our_prefix(store, prefix, client, warnings, spoilt):
    """A miss and one warning, whatever it is; the next reading in full replaces it."""
    store.put(PATH, b"me", representation())
    store.put(PATH + "3", b"me", representation())
    first, second = (f"{prefix}{name_of(path, key=store.key).hex()}" for path in (PATH, PATH + "3"))
    if spoilt == "value":
        client.hset(first, b"me", b"\x00garbage")
    elif spoilt == "type":
        client.set(first, b"garbage")
    elif spoilt == "old":
        client.hset(first, b"me", b"\xfe" + client.hget(first, b"me")[1:])
    else:
        client.hset(first, b"me", client.hget(second, b"me"))
    for _ in range(3):
        assert store.get(PATH, b"me") is None
    assert len(warnings()) == 1
    assert "not ours" in warnings()[0]
    store.put(PATH, b"me", representation("new"))
    assert recovers(store)


@pytest.mark.parametrize("key", [b"short", b"x" * 33, ["a list"]], ids=repr)
def test_a_key_that_is_none(url, prefix, client, warnings, key):
    """Then the store works for itself, with a key of its own, and says so once."""
    if isinstance(key, list):
        client.rpush(f"{prefix}key", *key)
    else:
        client.set(f"{prefix}key", key)
    store = RedisStore(url, prefix=prefix)
    assert len(store.key) == 32
    assert len(warnings()) == 1
    assert works(store)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda piece: None,
        lambda piece: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda piece: b"\x00" * len(piece),
        lambda piece: b"$100000000\r\n",
        lambda piece: b"*1\r\n:7\r\n",
        lambda piece: piece[:-1],
        lambda piece: b"",
    ],
    ids=["cut", "http", "zeros", "endless", "other", "half", "silence"],
)
def test_answers_that_are_none(relay, rest, warnings, spoil):
    """Whatever stands at the other end: nothing is raised, nothing hangs; when it is over, it is over."""
    store = RedisStore(relay.url)
    assert recovers(store)
    as_it_is, relay.spoil = relay.spoil, spoil
    assert seconds(store.get, PATH, b"me") < ONE_TIMEOUT
    store.put(PATH + "3", b"me", representation())
    store.drop(PATH + "4")
    assert store.size().entries == 0
    assert warnings() != []
    relay.spoil = as_it_is
    assert recovers(store, PATH + "5")


def test_nobody_at_that_address(warnings):
    """A port that takes connections and never answers, with a queue that is full."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        with socket.create_connection(listener.getsockname()):
            store = None

            def make():
                nonlocal store
                store = RedisStore(url)

            assert seconds(make) < ONE_TIMEOUT
            assert seconds(store.get, PATH, b"me") < ONE_TIMEOUT
    assert len(warnings()) == 1


# Threads and processes


def test_threads(url, prefix):
    """Many threads put, get, drop, clear and close: what is found is always what was put there."""
    store = RedisStore(url, prefix=prefix)
    wrong = []

    def work(seed):
        for number in range(150):
            path = f"{PATH}{(number * seed) % 20}"
            store.put(path, b"me", representation(path, 3))
            found = store.get(path, b"me")
            if found not in (None, representation(path, 3)):
                wrong.append(found)
            if number % 7 == 0:
                store.drop(path)
            if number % 50 == seed:
                store.clear()
                store.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert works(store)


def _work_after_fork(store, number, told):
    right = [
        store.get(PATH, b"me") == representation(),
        *(works(store, f"{PATH}-{number}-{turn}") for turn in range(200)),
    ]
    told.send(all(right))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_fork_does_not_share_a_connection(store):
    """Parent and children use the store at once, and nobody gets another's answer."""
    store.put(PATH, b"me", representation())
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(3)]
    children = [
        context.Process(target=_work_after_fork, args=(store, number, pipe[1])) for number, pipe in enumerate(pipes)
    ]
    for child in children:
        child.start()
    assert all(works(store, f"{PATH}-parent-{turn}") for turn in range(200))
    assert all(pipe[0].recv() for pipe in pipes)
    for child in children:
        child.join()
    assert store.get(PATH, b"me") == representation()


def _read_and_write(url, tenant, prefix, seed, told):
    """Count up in documents that everybody else counts up too; look at what is read."""
    store = RedisStore(url, prefix=prefix, no_store="keep")
    with AICSession(tenant, store=store) as session:
        seen = dict.fromkeys(range(5), 0)
        wrong = []
        for turn in range(60):
            number = (turn * seed) % 5
            path = f"/openidm/managed/alpha_user/{number}"
            found = session.get(path).json()
            # Time does not run backwards, and a document is another one's never.
            if found["_id"] != str(number) or found["n"] < seen[number]:
                wrong.append(found)
            seen[number] = found["n"]
            if turn % 3 == 0:
                seen[number] = session.update(path, _count_up)["n"]
        told.send((wrong, session.cache_info().hits))


def _count_up(document):
    document["n"] += 1


def test_processes_read_and_write_one_tenant(url, prefix):
    """Over one server: no wrong data, no lost update, and they do find what others have read."""
    context = multiprocessing.get_context("spawn")
    with Tenant() as tenant, AICSession(tenant.url) as session:
        for number in range(5):
            session.put(
                f"/openidm/managed/alpha_user/{number}",
                json={"userName": f"u{number}", "n": 0},
                headers={"If-None-Match": "*"},
            )
        pipes = [context.Pipe() for _ in range(3)]
        children = [
            context.Process(target=_read_and_write, args=(url, tenant.url, prefix, seed, pipe[1]))
            for seed, pipe in enumerate(pipes, 1)
        ]
        for child in children:
            child.start()
        told = [pipe[0].recv() for pipe in pipes]
        for child in children:
            child.join()
        assert [wrong for wrong, _ in told] == [[], [], []]
        assert sum(hits for _, hits in told) > 0
        total = sum(session.get(f"/openidm/managed/alpha_user/{number}").json()["n"] for number in range(5))
        assert total == 3 * 20


# Secrets


@pytest.fixture(scope="module")
def emptied():
    """A server that is emptied before each test."""
    with redis_server.running() as server:
        yield server


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_credential_lies_in_the_server(carrier, emptied, home):
    """Neither in what it holds nor in the file that it writes of it; nor does a path, which may name a person."""
    emptied.ask("FLUSHALL")
    chosen = CARRIERS[carrier]
    answer = [*JSON, ("ETag", '"1"'), ("Cache-Control", "no-store")]
    answer += [("Set-Cookie", f"a={chosen.secrets[0]}"), ("X-Echo", chosen.secrets[0])]
    home.answers["/x"] = home.answers["/jane.doe"] = (200, answer, b'{"_id":"x","_rev":"1"}')
    configured = chosen.session(home.wire.url)
    store = RedisStore(emptied.patient_url, no_store="keep")
    session = AICSession(home.wire.url, auth=configured.auth, store=store)
    session.headers, session.cookies = configured.headers, configured.cookies
    for path in ("/x", "/jane.doe", "/x"):
        call(chosen, session, path)
    emptied.ask("SAVE")
    held = emptied.everything()
    written = (emptied.folder / "dump.rdb").read_bytes()
    # A body in the request: it is no read, and nothing is kept.
    assert (b"_rev" in held) == (b"_rev" in written) == (not {"json", "data"} & chosen.options.keys())
    assert leaks(chosen, held, written) == []
    for text in (b"jane.doe", b"127.0.0.1:", ACCOUNT.encode(), b"me:"):
        assert text not in held


@pytest.mark.parametrize("greeting", [b"+OK\r\n", b":1\r\n", b"*0\r\n", b"$-1\r\n"])
def test_a_server_that_is_no_redis(greeting, warnings):
    """Whatever it answers: a miss, and a warning."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        while connection.recv(4096):
                            connection.sendall(greeting)

        threading.Thread(target=answer, daemon=True).start()
        store = RedisStore(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        store.put("/x", b"me", Representation('"1"', (), b"{}"))
        assert store.get("/x", b"me") is None
        listener.close()
    assert warnings()


@pytest.mark.parametrize("option", ["encoding=nope", "protocol=7", "socket_type=9", "socket_timeout=inf"])
def test_an_option_that_is_none(option):
    """Said at once, or a miss: never another exception."""
    try:
        store = RedisStore(f"redis://127.0.0.1:9/0?{option}")
    except ValueError as error:
        assert "no URL of a Redis" in str(error)
    else:
        assert store.get("/x", b"me") is None
