"""The same bytes on the wire as requests, and the same response."""

import io
import os
from contextlib import ExitStack
from unittest import mock

import pytest
import requests
import requests.adapters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aic_requests import AICSession
from aic_requests.shortcuts import HTTPAdapter, Session, genuine
from tests.shortcuts.scribe import ANSWERS, scribing

#: What a session of ours adds to each request.
ADDED = (b"x-forgerock-transactionid:", b"x-requested-with:")

WORDS = st.sampled_from(["a", "b c", "ü", "1", "", "a/b", "x&y=z", "%41", "~._-", "+", "="])

ODD = """
/ ? /? /?a /#f /a?b#c /a/./b /a/../b //a /a//b /%7e /%2f /a;b=c /.a /a. /a..b /[1] /a|b /ü /A?x=[] /a?b=%zz
/a?b=c?d/e /'()*!
"""

PATHS = st.one_of(
    st.sampled_from([f"/{word.decode()}" for word in ANSWERS]),
    st.sampled_from([*ODD.split(), "", "/a b", "/a\tb", "/\\a"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8).map("/{}".format),
)

NAMES = st.sampled_from(
    [
        "X-One",
        "x-one",
        "ACCEPT",
        "User-Agent",
        "Content-Type",
        "Authorization",
        "Cookie",
        "Host",
        "Te",
    ]
)
VALUES = st.sampled_from(["v", "", None, b"bytes", "a, b", "7", "\xfc"])
HEADERS = st.one_of(st.none(), st.dictionaries(st.one_of(NAMES, st.just(b"X-Bytes")), VALUES, max_size=3))
BAD_HEADERS = st.sampled_from([{"X": "a\nb"}, {" X": "a"}, {"X": 1}, {"X:": "a"}, {1: "a"}])
PARAMS = st.one_of(
    st.none(),
    st.just({}),
    st.dictionaries(WORDS, st.one_of(WORDS, st.none(), st.integers(), st.lists(WORDS, max_size=2)), max_size=2),
    st.lists(st.tuples(WORDS, WORDS), max_size=2),
    st.sampled_from(["a=b", b"a=b", "ü"]),
)
#: Each is a way to make the body, since some can be read only once.
BODIES = st.sampled_from(
    [
        dict,
        lambda: {"data": {"a": "b", "c": ["d", "e"]}},
        lambda: {"data": [("a", "b")]},
        lambda: {"data": b"bytes"},
        lambda: {"data": "text"},
        lambda: {"data": b""},
        lambda: {"data": iter([b"one", b"two"])},
        lambda: {"data": io.BytesIO(b"file")},
        lambda: {"json": {"a": [1, None, "ü"]}},
        lambda: {"json": []},
        lambda: {"json": {}, "data": {"a": "b"}},
        lambda: {"json": float("nan")},
        lambda: {"data": "{}", "files": None},
    ]
)
AUTHS = st.sampled_from([None, None, None, ("me", "secret"), ("ü", b"x"), requests.auth.HTTPDigestAuth("a", "b")])


def signed(request):
    request.headers["X-Signed"] = "yes"
    return request


REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "GET", "get", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
        "path": PATHS,
        "body": BODIES,
        "options": st.fixed_dictionaries(
            {},
            optional={
                "params": PARAMS,
                "headers": st.one_of(HEADERS, HEADERS, HEADERS, BAD_HEADERS),
                "cookies": st.one_of(
                    st.none(), st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
                ),
                "auth": st.one_of(AUTHS, st.just(signed)),
                "stream": st.booleans(),
                "allow_redirects": st.booleans(),
                "timeout": st.sampled_from([None, 5, (5, 5)]),
                "proxies": st.sampled_from([None, {}, {"http": "PROXY"}, {"all": "PROXY"}, {"no_proxy": "*"}]),
                "verify": st.sampled_from([True, False]),
                "hooks": st.sampled_from([None, {}, {"response": []}, {"response": lambda response, **_: response}]),
            },
        ),
        "session": st.sampled_from(
            [None] * 6
            + [
                lambda session: session.headers.update({"X-One": "session", "accept": "x"}),
                lambda session: session.headers.update({"X-One": None}),
                lambda session: session.headers.update({"X-One": b"bytes"}),
                lambda session: setattr(session, "headers", {"X-Plain": "dict"}),
                lambda session: setattr(session, "params", {"s": "p"}),
                lambda session: setattr(session, "auth", ("session", "auth")),
                lambda session: setattr(session, "trust_env", False),
                lambda session: session.cookies.set("mine", "1"),
                lambda session: setattr(session, "max_redirects", 0),
                lambda session: session.hooks["response"].append(lambda response, **_: None),
            ]
        ),
        "environment": st.sampled_from(
            [{}] * 8
            + [{"http_proxy": "PROXY"}, {"HTTP_PROXY": "PROXY"}, {"http_proxy": "PROXY", "no_proxy": "127.0.0.1"}]
            + [
                {"http_proxy": "PROXY", "no_proxy": "elsewhere"},
                {"all_proxy": "PROXY"},
                {"NETRC": "NETRC"},
                {"NETRC": ""},
            ]
            + [{"REQUESTS_CA_BUNDLE": "/nowhere"}]
        ),
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    file = tmp_path_factory.mktemp("home") / "netrc"
    file.write_text("machine 127.0.0.1 login of password netrc\n")
    with scribing() as (url, written):
        yield url, written, str(file)


def sessions():
    """The session of requests, that of the short cuts alone, and the whole."""
    shortcut = Session()
    for scheme in ("http://", "https://"):
        shortcut.mount(scheme, HTTPAdapter())
    return requests.Session(), shortcut, AICSession(store=None, raise_for_status=False, retries=None)


def outcome(session, asked, place):
    """What was written down, and what came of it."""
    url, written, _ = place
    if asked["session"]:
        asked["session"](session)
    options = dict(asked["options"])
    if options.get("proxies"):
        options["proxies"] = {name: value.replace("PROXY", url) for name, value in options["proxies"].items()}
    written.clear()
    try:
        response = session.request(asked["method"], url + asked["path"], **asked["body"](), **options)
    except Exception as error:  # noqa: BLE001  # whatever it is, it must be the same
        return list(written), type(error), session.cookies.get_dict()
    with response:
        return (
            list(written),
            [answer_of(response), *map(answer_of, response.history)],
            session.cookies.get_dict(),
        )


def answer_of(response):
    return {
        "status": response.status_code,
        "reason": response.reason,
        "headers": list(response.headers.items()),
        "content": response.content,
        "encoding": response.encoding,
        "url": response.url,
        "cookies": response.cookies.get_dict(),
        "next": response.next and response.next.url,
        "text": response.text,
        "sent": (response.request.method, response.request.url),
        "elapsed": response.elapsed.total_seconds() > 0,
    }


def without_ours(written):
    return [
        b"\r\n".join(line for line in text.split(b"\r\n") if not line.lower().startswith(ADDED)) for text in written
    ]


# An answer that cannot be read leaves its socket to the garbage collector, in requests as here.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@settings(
    max_examples=1250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.lists(REQUESTS, min_size=4, max_size=4))
def test_requests_of_every_kind(place, asked):
    """
    Whatever is asked for, in whatever order: the bytes on the wire, the response and its cookies are those of requests.

    A session of ours adds two headers, and keeps a caller's own Authorization where requests lets netrc replace it.
    """
    url, _, netrc = place
    plain, shortcut, ours = sessions()
    with ExitStack() as stack, mock.patch.object(genuine, "ALLOWED", [True]):
        for session in (plain, shortcut, ours):
            stack.enter_context(session)
        for one in asked:
            environment = {k: v.replace("PROXY", url).replace("NETRC", netrc) for k, v in one["environment"].items()}
            with mock.patch.dict(os.environ, environment):
                expected = outcome(plain, one, place)
                assert outcome(shortcut, one, place) == expected
                written, *rest = outcome(ours, one, place)
                assert "NETRC" in environment or (without_ours(written), *rest) == expected
