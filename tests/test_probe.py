"""What the probe finds: where a tenant is as the library assumes, nothing, and where not, exactly the difference."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import requests

from aic_requests.probe.report import Report
from aic_requests.probe.run import QUESTIONS, probe
from aic_requests.probe.template import NAMESPACE, Template
from aic_requests.probe.wire import Wire
from aic_requests.testing import AIC, CREST, OPENIDM, Fault, Tenant

from .altering_proxy import altering, refusal, without

USERS = "/openidm/managed/alpha_user"
CLIENTS = "/am/json/realms/root/realms/alpha/realm-config/agents/OAuth2Client"
NAMES = [question.name for question in QUESTIONS]


#: OpenIDM gives a new session to whoever comes with credentials.
CREDENTIALS = {"X-OpenIDM-Username": "openidm-admin", "X-OpenIDM-Password": "openidm-admin"}


def asked(url, collection=USERS, *, template=None, pause=0.0, patience=0.02, progress=lambda name: None) -> Report:
    wire = Wire(url, CREDENTIALS, patience=patience)
    template = Template.fitting(collection) if template is None else template
    return probe(wire, url, collection, template, progress=progress, pause=pause)


def of(report, verdict):
    return {finding.name for finding in report.findings if finding.verdict == verdict}


def finding(report, name):
    return next(finding for finding in report.findings if finding.name == name)


# The kinds of servers


#: What differs on each kind of server, and what cannot be asked there.
KINDS = {
    "AIC's users": (AIC, USERS, set(), set()),
    "AIC's roles": (AIC, "/openidm/managed/alpha_role", set(), set()),
    "AM's configuration": (
        AIC,
        CLIENTS,
        {"stale_put", "stale_patch", "stale_delete", "paging"},
        {"malformed_match", "weak_match", "equal_put"},
    ),
    "a connector that demands revisions": (AIC, "/openidm/system/directory/account", {"bare_put"}, set()),
    "OpenIDM": (
        OPENIDM,
        "/openidm/managed/user",
        {"malformed_match", "weak_match", "transaction", "cookies"},
        set(),
    ),
    "CREST": (CREST, "/users", {"transaction", "paging"}, set()),
}


def check(url, collection, differing, unaskable):
    """Whatever server this is, it is found to be as expected, and says that it has removed everything."""
    report = asked(url, collection)
    assert (report.stopped, report.left) == ("", ())
    assert [one.name for one in report.findings] == NAMES
    assert of(report, "differs") == differing
    assert of(report, "not asked") == unaskable
    assert report.status == bool(differing)


@pytest.mark.parametrize(("profile", "collection", "differing", "unaskable"), KINDS.values(), ids=list(KINDS))
def test_each_kind_of_server(profile, collection, differing, unaskable):
    """AIC's managed objects are as the library assumes; what differs elsewhere is named, and no more than that."""
    with Tenant(profile) as tenant:
        check(tenant.url, collection, differing, unaskable)
        assert tenant.collection(collection).ids() == []


@pytest.mark.parametrize("context", ["crest", "gz"])
def test_the_genuine_crest_code(crest_server, context):
    """As its imitation, compressed or not; it keeps what was there before."""
    users = f"{crest_server}/{context}/users"
    # Sorted: unsorted rows come as the server's map has them, in another order once it has grown.
    query = {"_queryFilter": "true", "_sortKeys": "_id"}
    requests.put(f"{users}/before", json={}, timeout=10)
    before = requests.get(users, params=query, timeout=10).json()["result"]
    check(crest_server, f"/{context}/users", *KINDS["CREST"][2:])
    assert requests.get(users, params=query, timeout=10).json()["result"] == before


# A tenant that differs


def altered_profile(**change):
    behaviours = (replace(AIC.behaviours[0], **change), *AIC.behaviours[1:])
    return replace(AIC, behaviours=behaviours)


@pytest.mark.parametrize(
    ("profile", "differing", "unaskable"),
    [
        (
            altered_profile(ignores_match=True),
            {"stale_put", "stale_patch", "stale_delete"},
            {"malformed_match", "weak_match", "equal_put"},
        ),
        (altered_profile(revision="counter", malformed=409), {"malformed_match", "weak_match"}, set()),
        (altered_profile(demands_revision=True), {"bare_put"}, set()),
        (altered_profile(unknown_action=200), {"unknown_action"}, set()),
        (altered_profile(unknown_action=403), set(), set()),
        (altered_profile(paging="none"), {"paging"}, set()),
        (altered_profile(paging="connector"), set(), set()),
        (altered_profile(compares_content=False), set(), set()),
        (replace(AIC, echoes_transactions=False), {"transaction"}, set()),
        (replace(AIC, session_cookie=True), {"cookies"}, set()),
        (replace(AIC, gzip="reads"), set(), set()),
        (replace(AIC, gzip="strips"), set(), set()),
    ],
)
def test_a_tenant_of_another_kind(profile, differing, unaskable):
    """What the library copes with is no difference: gzip and its suffixes, cookies of pages that look encoded."""
    with Tenant(profile) as tenant:
        check(tenant.url, USERS, differing, unaskable)
        assert tenant.collection(USERS).ids() == []


@pytest.mark.parametrize("revision", ["none", "weak"])
def test_a_tenant_without_revisions(revision):
    """That there is none is the one difference; what needs one is not asked."""
    with Tenant(altered_profile(revision=revision)) as tenant:
        report = asked(tenant.url)
    assert of(report, "differs") == {"etag"}
    assert {"stale_put", "equal_put", "stale_delete"} <= of(report, "not asked")
    weak = "conditional under the weak tag" in finding(report, "etag").means
    assert weak == (revision == "weak")
    assert ("not_modified" in of(report, "as assumed")) == weak


# A front end that differs. Each is a function of the request and of what the tenant would say to it.


def is_read(received):
    """A read of the resource itself."""
    return received.method == "GET" and NAMESPACE in received.target


def conditional(received):
    return is_read(received) and received.header("If-None-Match") is not None


def with_body_after_304(received, forward):
    reply = forward(received)
    return replace(reply, body=b'{"code":304}') if reply.status == 304 else reply


def with_late_body_after_304(received, forward):
    reply = forward(received)
    return replace(reply, body=b'{"code":304}', late=0.01) if reply.status == 304 else reply


def that_ends_after_304(received, forward):
    reply = forward(received)
    return replace(reply, ends=True) if reply.status == 304 else reply


def with_another_tag_on_304(received, forward):
    reply = forward(received)
    return reply.having(ETag='"another"') if reply.status == 304 else reply


def without_304(received, forward):
    return forward(without(received, "If-None-Match") if is_read(received) else received)


def with_false_304(received, forward):
    return (
        replace(forward(without(received, "If-None-Match")), status=304, body=b"")
        if conditional(received)
        else (forward(received))
    )


def refusing_conditional_reads(received, forward):
    return refusal(500) if conditional(received) else forward(received)


def weakening_tags(received, forward):
    reply = forward(received)
    tag = reply.header("ETag")
    return reply if tag is None else reply.having(ETag=f"W/{tag}")


def weakening_compressed_tags(received, forward):
    reply = weakening_tags(received, forward)
    return reply if "gzip" in (received.header("Accept-Encoding") or "") else forward(received)


def dropping_compressed_tags(received, forward):
    reply = forward(received)
    return reply.having(ETag=None) if "gzip" in (received.header("Accept-Encoding") or "") else reply


def with_tags_of_its_own(received, forward):
    reply = forward(received)
    return reply.having(ETag='"of-the-gateway"') if is_read(received) and reply.status == 200 else reply


def with_another_tag_for_fields(received, forward):
    reply = forward(received)
    return reply.having(ETag='"part"') if is_read(received) and "_fields" in received.target else reply


def with_404_without_code(received, forward):
    reply = forward(received)
    return reply.saying({"message": "no"}) if is_read(received) and reply.status == 404 else reply


def creating_with_200(received, forward):
    reply = forward(received)
    return replace(reply, status=200) if reply.status == 201 else reply


def creating_again(received, forward):
    return forward(without(received, "If-None-Match") if received.method == "PUT" else received)


def conflicting_creates(received, forward):
    reply = forward(received)
    return refusal(409) if received.header("If-None-Match") == "*" and reply.status == 412 else reply


def creating_without_revision(received, forward):
    reply = forward(received)
    if reply.status != 201:
        return reply
    return reply.having(ETag=None).saying({name: value for name, value in reply.document.items() if name != "_rev"})


def refusing_rev_in_bodies(received, forward):
    return refusal(400) if received.method == "PUT" and b'"_rev"' in received.body else forward(received)


def refusing_puts(received, forward):
    return refusal(400) if received.method == "PUT" and received.header("If-Match") else forward(received)


def refusing_current_revisions(received, forward):
    return refusal(412) if received.method == "PUT" and received.header("If-Match") else forward(received)


def refusing_bodies_without_id(received, forward):
    update = received.method == "PUT" and received.header("If-Match") and NAMESPACE in received.target
    known = update and '"_id"' in received.body.decode()
    return (
        forward(received)
        if known or not update or received.header("If-Match") != current(received, forward)
        else (refusal(400, "Not Allowed on RDN"))
    )


def current(received, forward):
    return forward(replace(without(received, "If-Match", "Content-Type"), method="GET", body=b"")).header("ETag")


def demanding_quotes(received, forward):
    match = received.header("If-Match") or "*"
    return refusal(412) if received.method == "PUT" and match[0] not in '*"W' else forward(received)


def refusing_any(received, forward):
    return refusal(412) if received.method == "PUT" and received.header("If-Match") == "*" else forward(received)


def is_stale(received, method):
    match = received.header("If-Match") or ""
    return received.method == method and match[0:1] == '"' and "no-such" not in match


def conflicting_writes(received, forward):
    reply = forward(received)
    return refusal(409) if is_stale(received, "PUT") and reply.status == 412 else reply


def failing_stale_patches(received, forward):
    reply = forward(received)
    return refusal(500) if is_stale(received, "PATCH") and reply.status == 412 else reply


def patching_unguarded(received, forward):
    return forward(without(received, "If-Match") if received.method == "PATCH" else received)


def without_patch(received, forward):
    return refusal(501) if received.method == "PATCH" else forward(received)


def deleting_unguarded(received, forward):
    return forward(without(received, "If-Match") if received.method == "DELETE" else received)


def answering_equal_writes_with_what_is_current(received, forward):
    reply = forward(received)
    if reply.header("X-Not-Modified") is None or not is_stale(received, "PUT"):
        return reply
    tag = current(received, forward)
    return reply.having(ETag=tag).saying(reply.document | {"_rev": tag.strip('"')})


def refusing_and_writing(received, forward):
    if received.method == "PUT" and "no-such" in (received.header("If-Match") or ""):
        forward(without(received, "If-Match"))
        return refusal(412)
    return forward(received)


def accepting_weak_tags(received, forward):
    match = received.header("If-Match") or ""
    if received.method == "PUT" and match.startswith("W/"):
        return forward(without(received, "If-Match"))
    return forward(received)


def telling_what_is_gone_by_412(received, forward):
    reply = forward(received)
    return refusal(412) if is_stale(received, "PUT") and reply.status == 404 else reply


def bringing_back_what_is_gone(received, forward):
    reply = forward(received)
    return forward(without(received, "If-Match")) if is_stale(received, "PUT") and reply.status == 404 else reply


def creating_only_under_a_condition(received, forward):
    bare = received.method == "PUT" and received.header("If-Match") == received.header("If-None-Match") is None
    return refusal(404) if bare else forward(received)


def ignoring_match_on_reads(received, forward):
    return forward(without(received, "If-Match") if received.method == "GET" else received)


def refusing_match_on_reads(received, forward):
    return refusal(400) if received.method == "GET" and received.header("If-Match") else forward(received)


def ignoring_conditions_of_queries(received, forward):
    return forward(without(received, "If-None-Match") if "_queryFilter" in received.target else received)


def ignoring_conditions_of_actions(received, forward):
    return forward(without(received, "If-Match") if received.method == "POST" else received)


def knowing_times(received, forward):
    return forward(without(received, "If-Modified-Since"))


def without_version(status, version):
    def missing(received, forward):
        return refusal(status) if received.header("Accept-API-Version") == version else forward(received)

    return missing


def knowing_head(received, forward):
    return (
        replace(forward(replace(received, method="GET")), body=b"")
        if received.method == "HEAD"
        else (forward(received))
    )


def standing_still(received, forward):
    return forward(replace(received, target=received.target.partition("&_pagedResultsCookie")[0]))


def forgetting_pages(received, forward):
    return refusal(400) if "_pagedResultsCookie" in received.target else forward(received)


def without_pages(received, forward):
    return forward(replace(received, target=received.target.replace("_pageSize=1&", "")))


def with_transactions_of_its_own(received, forward):
    return forward(received).having(X_ForgeRock_TransactionId="gateway-7")


ALTERATIONS = [
    (with_body_after_304, {"not_modified_body"}),
    (with_late_body_after_304, {"not_modified_body"}),
    (that_ends_after_304, {"not_modified_body"}),
    (with_another_tag_on_304, {"not_modified_headers"}),
    (without_304, {"not_modified"}),
    (with_false_304, {"not_modified_stale"}),
    (refusing_conditional_reads, {"not_modified", "not_modified_spellings", "not_modified_stale"}),
    (weakening_tags, {"etag", "not_modified"}),
    (weakening_compressed_tags, {"etag", "etag_uncompressed", "not_modified"}),
    (dropping_compressed_tags, {"etag", "etag_uncompressed"}),
    (with_tags_of_its_own, {"created_revision", "etag", "not_modified", "current_put"}),
    (with_another_tag_for_fields, {"etag_of_fields"}),
    (with_404_without_code, {"missing_read"}),
    (creating_with_200, {"create"}),
    (creating_again, {"create_again"}),
    (conflicting_creates, {"create_again"}),
    (creating_without_revision, {"created_revision"}),
    (refusing_rev_in_bodies, {"current_put"}),
    (refusing_puts, {"current_put", "missing_match"}),
    (refusing_current_revisions, {"current_put", "missing_match"}),
    (refusing_bodies_without_id, {"put_without_id"}),
    (demanding_quotes, {"unquoted_match"}),
    (refusing_any, {"any_match"}),
    (conflicting_writes, {"stale_put"}),
    (failing_stale_patches, {"stale_patch"}),
    (patching_unguarded, {"stale_patch"}),
    (without_patch, set()),
    (deleting_unguarded, {"stale_delete"}),
    (answering_equal_writes_with_what_is_current, {"equal_put"}),
    (refusing_and_writing, {"refused_unwritten"}),
    (accepting_weak_tags, {"weak_match"}),
    (telling_what_is_gone_by_412, {"missing_match"}),
    (bringing_back_what_is_gone, {"missing_match"}),
    (creating_only_under_a_condition, {"bare_put"}),
    (ignoring_match_on_reads, {"match_on_read"}),
    (refusing_match_on_reads, {"match_on_read"}),
    (ignoring_conditions_of_queries, {"condition_on_query"}),
    (ignoring_conditions_of_actions, {"condition_on_action"}),
    (knowing_times, {"modified_since"}),
    (without_version(404, "resource=99.0"), {"resource_99_0"}),
    (without_version(404, "protocol=3.0"), {"protocol_3_0"}),
    (without_version(500, "protocol=2.2"), {"protocol_2_2"}),
    (without_version(406, "protocol=2.2"), set()),
    (knowing_head, {"head"}),
    (standing_still, {"paging"}),
    (forgetting_pages, {"paging"}),
    (without_pages, {"paging"}),
    (with_transactions_of_its_own, {"transaction"}),
]


@pytest.mark.parametrize(
    ("alteration", "differing"), ALTERATIONS, ids=[one.__name__ + str(n) for n, (one, _) in enumerate(ALTERATIONS)]
)
def test_a_front_end_that_differs(alteration, differing):
    """Exactly that is named, with what follows for the user; nothing stays behind."""
    with Tenant() as tenant, altering(tenant.url, alteration) as front:
        report = asked(front.url, patience=0.1)
        assert tenant.collection(USERS).ids() == []
    assert (report.stopped, report.left) == ("", ())
    assert of(report, "differs") == differing
    for one in report.findings:
        assert bool(one.means) == (one.verdict == "differs")


def test_every_question_has_a_server_that_differs():
    """A question that no server could answer otherwise would be none."""
    named = set().union(*(differing for *_, differing, _ in KINDS.values()), *(names for _, names in ALTERATIONS))
    # AIC's tags are those of the content, and a server whose tags are not is this one.
    assert set(NAMES) - named - {"etag_again", "written_revision", "unknown_action"} == set()


def test_tags_that_move_by_themselves():
    """Object identities, as OpenAM's: the next read has another, and so has the answer to a write."""
    count = iter(range(1000))

    def moving(received, forward):
        reply = forward(received)
        return reply.having(ETag=f'"{next(count)}"') if is_read(received) and reply.status == 200 else reply

    with Tenant(altered_profile(ignores_match=True)) as tenant, altering(tenant.url, moving) as front:
        report = asked(front.url)
    assert {"etag_again", "created_revision", "not_modified", "stale_put"} <= of(report, "differs")


def test_a_server_that_goes_on_working_after_a_write():
    """The answer's revision is not the next read's."""
    with Tenant() as tenant:
        users = tenant.collection(USERS)

        def working(received, forward):
            reply = forward(received)
            if received.method == "PUT" and reply.status == 200 and "X-Not-Modified" not in dict(reply.headers):
                resource_id = received.target.rpartition("/")[2]
                users.write(resource_id, users.read(resource_id))
            return reply

        with altering(tenant.url, working) as front:
            report = asked(front.url)
    assert "written_revision" in of(report, "differs")
    assert "created_revision" not in of(report, "differs")


# What goes out


def test_it_touches_nothing_but_its_own():
    """Every write names one of two fresh UUIDs of the namespace; others' documents are neither read nor written."""
    documents = {USERS: [{"_id": "42", "userName": "bob"}]}
    with Tenant(documents=documents) as tenant:
        before = tenant.collection(USERS).read("42")
        asked(tenant.url)
        assert tenant.collection(USERS).ids() == ["42"]
        assert tenant.collection(USERS).read("42") == before
    paths = {one.path for one in tenant.requests if one.path != USERS}
    assert len(paths) == 2
    for path in paths:
        resource_id = path.removeprefix(f"{USERS}/")
        assert str(UUID(resource_id)) == resource_id
        assert resource_id.startswith(f"{NAMESPACE}-")
    assert {(one.method, one.query) for one in tenant.requests if one.path == USERS and one.method != "GET"} == {
        ("POST", "_action=aic-requests-probe")
    }


def test_it_is_a_modest_guest():
    """At most 50 requests, each with a transaction id of its own and the header against forgery."""
    with Tenant() as tenant:
        report = asked(tenant.url)
    assert report.requests == len(tenant.requests) <= 50
    assert len({one.headers["X-ForgeRock-TransactionId"] for one in tenant.requests}) == len(tenant.requests)
    assert {one.headers["X-Requested-With"] for one in tenant.requests} == {"aic-requests"}


def test_what_is_created_cannot_sign_in():
    """No password, inactive, at an address where nobody gets mail."""
    with Tenant() as tenant:
        asked(tenant.url)
    created = json.loads(next(one.body for one in tenant.requests if one.status == 201))
    assert created["accountStatus"] == "inactive"
    assert created["mail"].endswith("@example.com")
    assert created["userName"].startswith("aic-requests-probe-a1c940be-")
    assert [name for name in created if "pass" in name.lower()] == []


def test_a_template_of_ones_own(tmp_path):
    """``{id}`` and ``{change}`` are filled in, however deep."""
    file = tmp_path / "document.json"
    file.write_text('{"name": "n-{id}", "deep": [{"note": "{change}"}], "number": 7}', "utf-8")
    with Tenant(CREST) as tenant:
        report = asked(tenant.url, "/users", template=Template.read(Path(file)))
    assert of(report, "differs") == {"transaction", "paging"}
    created = json.loads(next(one.body for one in tenant.requests if one.status == 201))
    assert created["name"].startswith(f"n-{NAMESPACE}")
    assert created["number"] == 7


def test_a_server_that_drops_what_is_to_be_altered():
    """Then a write would change nothing, and its answer would tell nothing."""

    def forgetful(received, forward):
        if received.method != "PUT":
            return forward(received)
        kept = {name: value for name, value in json.loads(received.body).items() if name != "description"}
        return forward(replace(received, body=json.dumps(kept).encode()))

    with Tenant() as tenant, altering(tenant.url, forgetful) as front:
        report = asked(front.url)
    assert of(report, "differs") == set()
    assert "does not give back the text" in finding(report, "current_put").answered
    assert "stale_put" in of(report, "not asked")


def test_no_difference_is_hidden_by_a_fault():
    """One request that fails leaves one question unasked, or two; the rest is as before."""
    with Tenant(altered_profile(ignores_match=True)) as tenant:
        tenant.faults.append(Fault("PATCH", status=503))
        report = asked(tenant.url)
    assert of(report, "differs") == {"stale_put", "stale_delete"}
    assert "stale_patch" in of(report, "not asked")
