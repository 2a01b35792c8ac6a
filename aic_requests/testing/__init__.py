"""A CREST tenant in pure Python, for tests: it knows nothing of the client."""

from .collection import Collection
from .faults import Fault
from .messages import Exchange
from .openam import OPENAM, REST2LDAP
from .openidm import OPENIDM, OPENIDM_ORIENTDB, sample
from .profiles import AIC, CREST, Behaviour, Policy, Profile, Relationship
from .tenant import Tenant
from .tokens import ServiceAccount

__all__ = [
    "AIC",
    "CREST",
    "OPENAM",
    "OPENIDM",
    "OPENIDM_ORIENTDB",
    "REST2LDAP",
    "Behaviour",
    "Collection",
    "Exchange",
    "Fault",
    "Policy",
    "Profile",
    "Relationship",
    "ServiceAccount",
    "Tenant",
    "sample",
]
