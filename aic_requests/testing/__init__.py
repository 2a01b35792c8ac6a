"""A CREST tenant in pure Python, for tests: it knows nothing of the client."""

from .aic import AIC
from .clock import Clock
from .collection import Collection
from .faults import Fault
from .logs import Logs
from .messages import Exchange
from .openam import OPENAM, REST2LDAP
from .openidm import OPENIDM, OPENIDM_ORIENTDB, sample
from .profiles import CREST, Behaviour, Policy, Profile, Relationship
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
    "Clock",
    "Collection",
    "Exchange",
    "Fault",
    "Logs",
    "Policy",
    "Profile",
    "Relationship",
    "ServiceAccount",
    "Tenant",
    "sample",
]
