"""A CREST tenant in pure Python, for tests: it knows nothing of the client."""

from .collection import Collection
from .faults import Fault
from .messages import Exchange
from .openam import OPENAM, REST2LDAP
from .openidm import OPENIDM, OPENIDM_ORIENTDB, sample
from .profiles import AIC, CREST, Behaviour, Policy, Profile, Relationship
from .tenant import Tenant

__all__ = [
    "AIC",
    "CREST",
    "OPENAM",
    "OPENIDM",
    "OPENIDM_ORIENTDB",
    "Behaviour",
    "Collection",
    "Exchange",
    "Fault",
    "REST2LDAP",
    "Policy",
    "Profile",
    "Relationship",
    "Tenant",
    "sample",
]
