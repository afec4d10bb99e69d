"""Strategy of CertificateSigningRequests: who asks is written down by the server, and what is asked for never changes.

Upstream: pkg/registry/certificates/certificates/strategy.go.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo

__all__ = ["prepare_request", "prepare_request_update"]

_WHO = ("username", "uid", "groups", "extra")


def prepare_request(request: Object, user: UserInfo | None) -> None:
    """Note who asks; what the client says about that does not count."""
    spec = request.get("spec")
    if not isinstance(spec, dict):
        return
    for field in _WHO:
        spec.pop(field, None)
    if user is not None:
        spec |= {key: value for key, value in user.to_object().items() if key in _WHO}


def prepare_request_update(new: Object, old: Object) -> None:
    """Take back every change of the spec."""
    new["spec"] = old["spec"]
