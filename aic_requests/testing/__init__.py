"""
A CREST tenant in pure Python, for tests: it knows nothing of the client, and needs neither that nor requests.

>>> from aic_requests.testing import Fault, Tenant
>>> tenant = Tenant(documents={"/openidm/managed/alpha_user": [{"_id": "42", "userName": "bob"}]})
>>> tenant.faults.append(Fault("PUT", "/openidm/managed/*", status=503, retry_after=2, times=2))
>>> tenant.faults
[Fault('PUT', '/openidm/managed/*', times=2, status=503, retry_after=2) never struck]

``with tenant:`` it listens at ``tenant.url``; ``python -m aic_requests.testing`` serves one to other tools, and
pytest has the fixtures ``aic_tenant`` and ``aic_session``.
"""

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
