"""The fake tenant against the recorded answers of a real OpenIDM, on either of its repositories."""

import json
from dataclasses import replace

import pytest

from aic_requests.testing import OPENIDM, OPENIDM_ORIENTDB, Policy, Tenant

from ..recordings import recordings
from .replaying import Aliases, Message, Recorded, ask, differences, told_apart

HEADERS = (
    "etag",
    "location",
    "content-type",
    "content-encoding",
    "cache-control",
    "vary",
    "allow",
    "set-cookie",
    "x-not-modified",
)

def exchanges(repository):
    return [
        Recorded(
            line["label"],
            line["method"],
            line["path"],
            [(name, value) for name, value in line["request_headers"]],
            line["request_body"],
            Message(line["status"], [(name, value) for name, value in line["response_headers"]], line["body"] if line["body"]!="" else None),
        )
        for line in recordings("idm-observed.jsonl")
        if line["repo"] == repository
    ]

#: The managed user of OpenIDM's sample project.
USER = {
    "required": ("mail", "sn", "givenName", "userName"),
    "policies": (
        Policy("mail", "VALID_EMAIL_ADDRESS_FORMAT", r"^[^@\s]+@[^@\s]+$"),
        Policy("sn", "VALID_TYPE"),
        Policy("userName", "MIN_LENGTH", r"(?s).", (("minLength", 1),)),
        Policy("password", "MIN_LENGTH", r"(?s).{8}", (("minLength", 8),)),
        Policy("password", "AT_LEAST_X_CAPITAL_LETTERS", "[A-Z]", (("numCaps", 1),)),
        Policy("password", "AT_LEAST_X_NUMBERS", "[0-9]", (("numNums", 1),)),
    ),
    "defaults": (("accountStatus", "active"),),
    "computed": (("effectiveRoles", []), ("effectiveAssignments", [])),
    "private": ("password",),
}

def sample(profile):
    """A profile with the collections of OpenIDM's sample project instead of any."""
    anything, *others = profile.behaviours
    user = replace(anything, place="/openidm/managed/user", **USER)
    role = replace(anything, place="/openidm/managed/role", unique=())
    return replace(profile, behaviours=(user, role, *others))

#: What was there before the first recorded request, as the recording shows it.
def person(resource_id, name):
    return {"_id": resource_id, "userName": name, "givenName": "G", "sn": "S", "mail": f"{name}@example.com"}

BEFORE = {
    "orientdb": [
        person("72a7baa1-c732-4429-8e90-2a69211f27d5", "alice"),
        person("1f170d34-088f-4236-bde7-0e4519b1738f", "post03745"),
        person("04e9ace7-74b0-4b30-bd34-8b702b6e8622", "prace003860"),
        person("6453f182-dd83-4350-8ded-d28943bd439c", "prace103860"),
        person("5ab12859-8c2f-4577-b3bc-da269d5a3089", "prace203860"),
    ],
    "postgresql": [
        person("d008147c-05d9-465d-97dc-d18358cff497", "prace004182"),
        person("43031bc7-0387-4816-96d2-fbc76fedb410", "prace104182"),
        person("c8d0ebc5-4070-4474-bf53-ca4aedb58864", "prace204182"),
    ],
}
import sys
def main(repo):
    aliases = Aliases()
    with Tenant(sample(OPENIDM if repo=="postgresql" else OPENIDM_ORIENTDB), documents={"/openidm/managed/user": BEFORE[repo]}) as tenant:
        n=0
        for case, one in told_apart(exchanges(repo)):
            got = ask(tenant, one, aliases)
            wrong = differences(one, got, aliases, HEADERS)
            if wrong:
                n+=1
                print(f"{case}: {one.method} {one.path[:90]}: {wrong[:700]}")
        print(n)
if __name__=="__main__": main(sys.argv[1])
