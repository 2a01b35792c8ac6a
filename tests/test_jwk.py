"""Keys of service accounts."""

import json
import os
import pickle
import subprocess
import sys
import traceback

import pytest

from aic_requests import ServiceAccountAuth
from aic_requests.jwk import PrivateKey

from .keys import ACCOUNT, private_jwk, public_jwk, read_assertion

KEY = private_jwk()
TEXT = json.dumps(KEY)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "key.jwk"
    path.write_text(TEXT, "utf-8")
    return path


def test_every_form_of_a_key_signs(file):
    """As a dict, as JSON text, as a path of either kind, and as the only one of a set."""
    forms = [KEY, TEXT, f"\n {TEXT}", "\ufeff" + TEXT, file, str(file), {"keys": [KEY]}, json.dumps({"keys": [KEY]})]
    for form in forms:
        header, claims = read_assertion(PrivateKey(form).signed({"iss": "me"}))
        assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        assert claims == {"iss": "me"}


def test_a_file_may_begin_with_a_mark(file):
    """As some editors leave it."""
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert PrivateKey(file).source == str(file)


@pytest.mark.parametrize("left_out", [["p", "q", "dp", "dq", "qi"], ["kid"], ["alg"]])
def test_what_a_key_may_lack(left_out):
    """Its factors can be computed, and it need have no name."""
    fields = {name: value for name, value in KEY.items() if name not in left_out}
    header, _ = read_assertion(PrivateKey(fields).signed({}))
    assert header.get("kid") == fields.get("kid")


def test_the_callers_dict_stays_the_callers():
    """What he does to it later does nothing to the key."""
    fields = dict(KEY)
    key = PrivateKey(fields)
    fields.clear()
    assert read_assertion(PrivateKey(key.source).signed({"a": 1}))[1] == {"a": 1}


S3CR3T = KEY["d"]
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{S3CR3T}\n-----END RSA PRIVATE KEY-----\n"
WRONG = {
    "public": (public_jwk(), "public key"),
    "public text": (json.dumps(public_jwk()), "public key"),
    "ec": ({"kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": S3CR3T}, "no RSA key"),
    "oct": ({"kty": "oct", "k": S3CR3T}, "no RSA key"),
    "okp": ({"kty": "OKP", "crv": "Ed25519", "x": "a", "d": S3CR3T}, "no RSA key"),
    "no kind": ({name: value for name, value in KEY.items() if name != "kty"}, "no RSA key"),
    "empty": ({}, "no RSA key"),
    "empty text": ("", "neither JSON nor the path"),
    "pem": (PEM, "PEM"),
    "rubbish": (S3CR3T, "neither JSON nor the path"),
    "half a json": (TEXT[:-20], "no JSON"),
    "cut off at its start": (TEXT[1:], "neither JSON nor the path"),
    "a list": (json.dumps([KEY]), "neither JSON nor the path"),
    "a list itself": ([KEY], "a dict, its JSON text or a path, got list"),
    "bytes": (TEXT.encode(), "a dict, its JSON text or a path, got bytes"),
    "None": (None, "a dict, its JSON text or a path, got NoneType"),
    "a number": (7, "a dict, its JSON text or a path, got int"),
    "a set of two": ({"keys": [KEY, KEY]}, "a set of 2 keys"),
    "a set of none": ({"keys": []}, "a set of 0 keys"),
    "a set of a text": ({"keys": [S3CR3T]}, "no JSON object"),
    "wrong numbers": (KEY | {"p": KEY["q"]}, "numbers make no key"),
    "number of another key": (KEY | {"d": private_jwk("k2")["d"]}, "numbers make no key"),
    "some factors": ({name: value for name, value in KEY.items() if name != "qi"}, "numbers make no key"),
    "a number that is one": (KEY | {"n": 5}, "numbers make no key"),
    # Whatever base64 makes of it, it is not the number.
    "no base64": (KEY | {"d": "§" + S3CR3T[8:]}, "numbers make no key"),
    "zero": (KEY | {"n": "AA"}, "numbers make no key"),
    "three primes": (KEY | {"oth": [{"r": S3CR3T}]}, "numbers make no key"),
    "a kid that is no text": (KEY | {"kid": {"d": S3CR3T}}, '"kid" that is no text'),
    "null byte": (f"\0{S3CR3T}", "neither JSON nor the path"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_private_rsa_key_is_refused_and_not_shown(wrong):
    """At construction, with a reason, and with none of the key in it or in what caused it."""
    form, reason = WRONG[wrong]
    with pytest.raises(ValueError, match=reason) as caught:
        ServiceAccountAuth(ACCOUNT, form)
    told = "".join(traceback.format_exception(caught.value))
    for part in ("d", "p", "q", "n"):
        assert KEY[part] not in told
        assert KEY[part][10:40] not in told


@pytest.mark.parametrize(
    ("content", "reason"), [(PEM, "in PEM"), ("", "no JSON"), ("[1]", "no JSON object"), (TEXT[:-9], "no JSON")]
)
def test_a_file_of_something_else(file, content, reason):
    """As the same as a text."""
    file.write_text(content)
    with pytest.raises(ValueError, match=reason) as caught:
        ServiceAccountAuth(ACCOUNT, file)
    assert S3CR3T[:30] not in "".join(traceback.format_exception(caught.value))


def test_no_such_file(tmp_path):
    """A folder, nothing there, and bytes that are no text: as a reason, not as the system's error."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "binary", "x" * 5000):
        with pytest.raises(ValueError, match="neither JSON nor the path of a file that can be read"):
            ServiceAccountAuth(ACCOUNT, path)


def test_a_path_is_the_same_from_another_folder(file, monkeypatch, tmp_path):
    """A worker may start elsewhere."""
    monkeypatch.chdir(tmp_path)
    key = PrivateKey("key.jwk")
    monkeypatch.chdir("/")
    assert os.path.isabs(str(key.source))
    assert read_assertion(PrivateKey(key.source).signed({}))[0]["kid"] == "k1"


def test_nothing_shows_the_key(file):
    """Not a repr, and not the pickle of an auth that was given a path."""
    auth = ServiceAccountAuth(ACCOUNT, file)
    for text in (repr(PrivateKey(KEY)), repr(auth), repr(vars(auth)), pickle.dumps(auth).decode("latin-1")):
        for part in ("d", "p", "q", "qi"):
            assert KEY[part][:30] not in text


@pytest.mark.parametrize("missing", ["jwt", "cryptography"])
def test_a_missing_extra_is_an_import_error_that_names_the_command(missing):
    """At construction; importing the package needs neither."""
    script = f"""
import sys
sys.modules[{missing!r}] = None
from aic_requests import ServiceAccountAuth
try:
    ServiceAccountAuth("me", {{"kty": "RSA"}})
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert 'pip install "aic-requests[jwt]"' in done.stdout, done.stderr


def test_the_package_does_not_import_it():
    """The base install needs requests alone, and is as fast to start."""
    script = "import sys, aic_requests; print({'jwt', 'cryptography'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
