"""A CREST tenant in pure Python, for tests: it knows nothing of the client."""

from .collection import Collection
from .faults import Fault
from .messages import Exchange
from .profiles import AIC, CREST, OPENIDM, OPENIDM_ORIENTDB, Behaviour, Policy, Profile
from .tenant import Tenant

__all__ = [
    "AIC",
    "CREST",
    "OPENIDM",
    "OPENIDM_ORIENTDB",
    "Behaviour",
    "Collection",
    "Exchange",
    "Fault",
    "Policy",
    "Profile",
    "Tenant",
]
