"""Who is this? Client certificates, ServiceAccount tokens, impersonation, and the reviews that answer the question.

Upstream: k8s.io/apiserver/pkg/authentication and pkg/serviceaccount. `impersonation` is imported by itself, since it needs
authorization, which needs `UserInfo`.
"""

from k8slab.sim.apiserver.authentication.accounts import ISSUER, InvalidToken, ServiceAccountTokens
from k8slab.sim.apiserver.authentication.authenticator import Authenticator
from k8slab.sim.apiserver.authentication.user import ANONYMOUS, MASTERS, UserInfo, node_user, service_account_user

__all__ = [
    "ANONYMOUS",
    "ISSUER",
    "MASTERS",
    "Authenticator",
    "InvalidToken",
    "ServiceAccountTokens",
    "UserInfo",
    "node_user",
    "service_account_user",
]
