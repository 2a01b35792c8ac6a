"""A CREST tenant in pure Python, for tests: it knows nothing of the client."""

from .collection import Collection
from .faults import Fault
from .messages import Exchange
from .profiles import AIC, CREST, OPENIDM, Behaviour, Profile
from .tenant import Tenant
from .tokens import ServiceAccount

__all__ = [
    "AIC",
    "CREST",
    "OPENIDM",
    "Behaviour",
    "Collection",
    "Exchange",
    "Fault",
    "Profile",
    "ServiceAccount",
    "Tenant",
]
