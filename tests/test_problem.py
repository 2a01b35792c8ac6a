"""What a server says when it refuses: every shape of body that was seen, and some that nobody should send."""

import json
import time

import pytest

from aic_requests.problem import Problem

TOMCAT_PAGE = (
    '<!doctype html><html lang="en"><head><title>HTTP Status 400 \u2013 Bad Request</title>'
    '<style type="text/css">body {font-family:Tahoma;} h1, h2 {color:white;}</style></head><body>'
    "<h1>HTTP Status 400 \u2013 Bad Request</h1><p><b>Message</b> Too long</p></body></html>"
)
JETTY_PAGE = (
    '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
    "<title>Error 400 Ambiguous URI path separator</title>\n</head>\n<body>\n"
    "<h2>HTTP ERROR 400</h2>\n</body>\n</html>\n"
)
AM_PAGE = (
    '<!DOCTYPE html>\n<!--\n  ~ NOTICES\n  -->\n<html lang="en">\n<head>\n    <title>OAuth2 Error Page</title>\n'
    '</head>\n<body style="display:none">\n<p>Loading...</p><script>pageData = {"a": "<b>"};</script></body></html>'
)
PROXY_PAGE = '<!doctype html><meta charset="utf-8"><meta name=viewport content="a"><title>403</title>403 Forbidden'


def problem(body):
    return Problem.from_body(body if isinstance(body, str) else json.dumps(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # CREST, of AM and IDM.
        (
            {"code": 404, "reason": "Not Found", "message": "Object u1 not found in managed/alpha_user"},
            Problem(404, "Not Found", "Object u1 not found in managed/alpha_user"),
        ),
        # ... with detail: of IDM an object, of AM a text too.
        (
            {"code": 401, "reason": "Unauthorized", "message": "Denied", "detail": {"failureReasons": [{"x": 1}]}},
            Problem(401, "Unauthorized", "Denied", {"failureReasons": [{"x": 1}]}),
        ),
        (
            {"code": 400, "reason": "Bad Request", "message": "Invalid attribute", "detail": {"validAttributes": []}},
            Problem(400, "Bad Request", "Invalid attribute", {"validAttributes": []}),
        ),
        (
            {"code": 400, "reason": "Bad Request", "message": "not valid JSON", "detail": "trailing data"},
            Problem(400, "Bad Request", "not valid JSON", "trailing data"),
        ),
        # ... with cause, where whoever threw it opted in.
        (
            {"code": 500, "reason": "Internal Server Error", "message": "x", "cause": {"message": "why"}},
            Problem(500, "Internal Server Error", "x", cause={"message": "why"}),
        ),
        # ... with fields that mean nothing here.
        (
            {"Strict-Transport-Security": "max-age=1", "code": 400, "reason": "Bad Request", "message": "x"},
            Problem(400, "Bad Request", "x"),
        ),
        # ... whose code is not the status: AM sends 405 with 501 inside. It stays as it is.
        ({"code": 501, "reason": "Not Implemented", "message": "x"}, Problem(501, "Not Implemented", "x")),
        # /environment: no reason. IGA: only a message.
        ({"code": 400, "message": "Invalid secret ID"}, Problem(400, None, "Invalid secret ID")),
        ({"message": "Object not found"}, Problem(message="Object not found")),
        # OAuth 2.0.
        (
            {"error": "invalid_grant", "error_description": "JWT has expired"},
            Problem(None, "invalid_grant", "JWT has expired"),
        ),
        ({"error": "server_error"}, Problem(None, "server_error", "server_error")),
        # AM's first authenticate API.
        ({"errorMessage": "Authentication Failed"}, Problem(message="Authentication Failed")),
        # Gateways wrap the whole.
        ({"error": {"code": 429, "message": "Quota"}}, Problem(429, None, "Quota")),
        ({"error": {"code": 403, "status": "X", "reason": "R"}, "message": "m"}, Problem(403, "R", "m")),
        # Text.
        ("Forbidden", Problem(message="Forbidden")),
        ("Version string is in an invalid format: a", Problem(message="Version string is in an invalid format: a")),
        ("Object not found with ID: 1", Problem(message="Object not found with ID: 1")),
        ('Exception: {"code":409,"message":"x"}\n', Problem(message='Exception: {"code":409,"message":"x"}')),
        # ... in which a "<" is no markup: a page begins with one.
        ("a < b, b > a", Problem(message="a < b, b > a")),
        ("Expected <string>, got <number>", Problem(message="Expected <string>, got <number>")),
        # Empty.
        ("", Problem()),
        (" \r\n", Problem()),
        # HTML.
        (TOMCAT_PAGE, Problem(message="HTTP Status 400 \u2013 Bad Request")),
        (JETTY_PAGE, Problem(message="Error 400 Ambiguous URI path separator")),
        (AM_PAGE, Problem(message="OAuth2 Error Page")),
        (PROXY_PAGE, Problem(message="403")),
        ("<html><body><h1>Bad  &amp;\ngateway</h1></body></html>", Problem(message="Bad & gateway")),
        ("<title> </title><p>Try later</p>", Problem(message="Try later")),
        ("<style>p{}</style><!-- no --><SCRIPT>no()</SCRIPT><p>seen</p>", Problem(message="seen")),
        # JSON that is no object.
        ('"just words"', Problem(message="just words")),
        ("42", Problem(message="42")),
        ("null", Problem()),
        ("true", Problem(message="true")),
        ('["a", "b"]', Problem(message='["a", "b"]')),
        ({}, Problem()),
    ],
    ids=lambda value: None if isinstance(value, Problem) else json.dumps(value)[:50],
)
def test_every_shape(body, expected):
    """CREST, its relatives, OAuth, text, HTML, nothing: each says what it says, and no more is made of it."""
    assert problem(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # code
        ({"code": "404", "message": "x"}, Problem(message="x")),
        ({"code": 404.0, "message": "x"}, Problem(message="x")),
        ({"code": True, "message": "x"}, Problem(message="x")),
        ({"code": None, "message": "x"}, Problem(message="x")),
        ({"code": -1, "message": "x"}, Problem(code=-1, message="x")),
        ({"code": 10**40, "message": "x"}, Problem(code=10**40, message="x")),
        # message
        ({"code": 400, "message": None}, Problem(400)),
        ({"code": 400, "message": ""}, Problem(400)),
        ({"code": 400, "message": {"en": "x"}}, Problem(400, message='{"en": "x"}')),
        ({"code": 400, "message": ["x", "y"]}, Problem(400, message='["x", "y"]')),
        ({"code": 400, "message": 7}, Problem(400, message="7")),
        ({"message": "", "error_description": "y"}, Problem(message="y")),
        ({"message": "m", "error_description": "d", "errorMessage": "e"}, Problem(message="m")),
        # error
        ({"error": {}}, Problem()),
        ({"error": {"message": "deep", "detail": [1]}}, Problem(message="deep", detail=[1])),
        ({"error": True}, Problem(reason="true", message="true")),
        ({"error": ["a"]}, Problem(reason='["a"]', message='["a"]')),
        ({"error": "e", "reason": "r", "message": "m"}, Problem(reason="r", message="m")),
        # reason
        ({"reason": 5, "message": "m"}, Problem(reason="5", message="m")),
        # twice: the last, as JSON parsers do
        ('{"message": "a", "message": "b"}', Problem(message="b")),
        # numbers that are none
        ('{"code": NaN, "message": "x"}', Problem(message="x")),
        ('{"code": 1e400, "message": "x"}', Problem(message="x")),
    ],
    ids=lambda value: None if isinstance(value, Problem) else json.dumps(value)[:50],
)
def test_fields_of_another_type(body, expected):
    """``code`` is a number or nothing; words are words, or the JSON that stands in their place."""
    assert problem(body) == expected


def test_words_are_unaltered():
    """The message is the server's, to the letter: line breaks, quotes and what is no letter included."""
    words = "  \u201cNo\u201d\n\tway \x1b[31m\x00 \ud800 &#39; "
    assert problem({"message": words}).message == words


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (None, []),
        ("text", []),
        ([], []),
        ({}, []),
        ({"failedPolicyRequirements": None}, []),
        ({"failedPolicyRequirements": {"property": "mail"}}, []),
        ({"failedPolicyRequirements": ["mail", None, {"property": "mail"}]}, [{"property": "mail"}]),
        (
            {
                "result": False,
                "failedPolicyRequirements": [
                    {
                        "property": "password",
                        "policyRequirements": [{"policyRequirement": "MIN_LENGTH", "params": {"minLength": 8}}],
                    },
                    {"property": "userName", "policyRequirements": [{"policyRequirement": "UNIQUE"}]},
                ],
            },
            [
                {
                    "property": "password",
                    "policyRequirements": [{"policyRequirement": "MIN_LENGTH", "params": {"minLength": 8}}],
                },
                {"property": "userName", "policyRequirements": [{"policyRequirement": "UNIQUE"}]},
            ],
        ),
    ],
)
def test_failed_policies(detail, expected):
    """IDM's policy failures, and an empty list for whatever else stands in their place."""
    body = {"code": 403, "reason": "Forbidden", "message": "Policy validation failed", "detail": detail}
    assert problem(body).failed_policies == expected


@pytest.mark.parametrize("opening", ["[", '{"message":', '{"detail":[', '{"error":', '{"a":[{"b":'])
def test_deep_nesting(opening):
    """JSON of any depth is read, or kept as the text it is, and never too deep for Python."""
    closing = opening[::-1].translate(str.maketrans({"[": "]", "{": "}"}))
    closing = "".join(character for character in closing if character in "]}")
    for depth in [*range(10, 300, 10), *range(300, 1000), 1_500, 5_000, 50_000]:
        text = opening * depth + "1" + closing * depth
        assert isinstance(Problem.from_body(text), Problem), depth


@pytest.mark.parametrize(
    "text",
    [
        "9" * 5000,
        '{"code": ' + "9" * 5000 + "}",
        '{"code": -' + "9" * 5000 + ', "message": "x"}',
    ],
    ids=["number", "code", "negative"],
)
def test_huge_numbers(text):
    """A number too long for Python leaves the body a text."""
    assert Problem.from_body(text).message == text


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<script>", "<style ", "<!--", "<title>", "<title", "<title></", "&", "&#", "</script ", "<>"]
)
def test_hostile_markup_costs_little(piece):
    """Markup that never ends costs no more than its length: no pattern tries every way to read it."""
    text = (piece * 131_072)[:131_072]
    began = time.process_time()
    Problem.from_body(text)
    assert time.process_time() - began < 0.5
