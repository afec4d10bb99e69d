"""The certificate controllers: approved signing requests get their certificate, old requests are cleared away.

Upstream: k8s.io/kubernetes/pkg/controller/certificates/{signer,cleaner}. The signature itself is the caller's (the cluster's
CA). Left out: approving the kubelets' own requests, as the kubelets here have their certificates from the start.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

from k8slab.apimachinery.timestamps import parse_time, rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers import conditions
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel

__all__ = ["SIGNERS", "CertificateSigner", "Read", "Request", "complaint", "expiry"]

_REQUESTS = "certificatesigningrequests.certificates.k8s.io"
_COMMON = {"digital signature", "key encipherment"}
SIGNERS = {  #: usages that a signer of kube-controller-manager allows, and the one it insists on
    "kubernetes.io/kube-apiserver-client": ({*_COMMON, "client auth"}, "client auth"),
    "kubernetes.io/kube-apiserver-client-kubelet": ({*_COMMON, "client auth"}, "client auth"),
    "kubernetes.io/kubelet-serving": ({*_COMMON, "server auth"}, "server auth"),
}
_SERVING = "kubernetes.io/kubelet-serving"
_NODES = ("kubernetes.io/kube-apiserver-client-kubelet", _SERVING)
_LONGEST, _SHORTEST = 365 * 86400.0, 600.0
_PENDING, _DECIDED = 86400.0, 3600.0

Sign = Callable[[bytes, float, bool], bytes]


class Request(NamedTuple):
    """What a PKCS#10 request says of its owner."""

    organizations: tuple[str, ...] = ()
    common_name: str = ""
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    others: bool = False  #: whether there are e-mail addresses or URIs


_NOTHING = Request()


def complaint(spec: Object, request: Request = _NOTHING) -> str:
    """Return why a signer will not have a request, "" if it will.

    >>> complaint({"signerName": "kubernetes.io/kube-apiserver-client", "usages": ["server auth"]})
    'usages did not match signer'
    >>> kubelet = {"signerName": "kubernetes.io/kube-apiserver-client-kubelet", "usages": ["client auth"]}
    >>> complaint(kubelet, Request(("team-a",), "anna"))
    'subject organization is not system:nodes'
    """
    signer = spec["signerName"]
    trouble = "" if signer not in _NODES else _not_a_nodes(request, serving=signer == _SERVING)
    if trouble:
        return trouble
    allowed, needed = SIGNERS[signer]
    asked = set(spec.get("usages") or ())
    return "" if needed in asked and asked <= allowed else "usages did not match signer"


def _not_a_nodes(request: Request, serving: bool) -> str:
    """Return why a request is not one that a kubelet makes."""
    if request.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not request.common_name.startswith("system:node:"):
        return "subject common name does not begin with system:node:"
    if serving:
        if not request.dns_names and not request.addresses:
            return "DNS or IP subjectAltName is required"
    elif request.dns_names:
        return "DNS subjectAltNames are not allowed"
    elif request.addresses:
        return "IP subjectAltNames are not allowed"
    return "email and URI subjectAltNames are not allowed" if request.others else ""


def expiry(request: Object) -> float:
    """Return when a request is cleared away: a day after it was made, an hour after it was decided."""
    known = (request.get("status") or {}).get("conditions") or ()
    created = request["metadata"]["creationTimestamp"]
    times = [parse_time(c.get("lastUpdateTime") or c.get("lastTransitionTime") or created) for c in known]
    return max(times) + _DECIDED if times else parse_time(created) + _PENDING


Read = Callable[[bytes], Request]


class CertificateSigner(Controller):
    """Signs what is approved.

    Parameters
    ----------
    client, kernel, informers
        See `Controller`.
    sign
        Called with the request (PEM), the seconds that the certificate is to be valid, and whether it is a server's;
        returns the certificate (PEM) or raises ValueError.
    read
        Called with the request (PEM); returns what it says.
    """

    name = "certificatesigningrequest-signing-controller"
    account = "certificate-controller"

    def __init__(
        self, client: Client, kernel: Kernel, informers: Client | None = None, *, sign: Sign, read: Read = lambda pem: _NOTHING
    ) -> None:
        super().__init__(client, kernel, informers)
        self._sign, self._read = sign, read

    def setup(self) -> None:  # noqa: D102
        self.watch(_REQUESTS, self._changed)

    def _changed(self, type: EventType, request: Object, old: Object | None) -> None:
        if type != "DELETED":
            self.queue.add(request["metadata"]["name"])

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        request = self.informer(_REQUESTS).get(key)
        if request is None:
            return None
        left = expiry(request) - self.kernel.now()
        if left <= 0:
            self.client.delete(_REQUESTS, key, uid=request["metadata"]["uid"])
            return None
        status = request.get("status") or {}
        known = status.get("conditions")
        approved = conditions.is_true(known, "Approved") and not conditions.is_true(known, "Denied")
        done = status.get("certificate") or conditions.is_true(known, "Failed")
        if approved and not done and request["spec"]["signerName"] in SIGNERS:
            self._issue(request)
        return left

    def _issue(self, request: Object) -> None:
        spec, status = request["spec"], dict(request.get("status") or {})
        try:
            trouble = complaint(spec, self._read(b64decode(spec["request"])))
        except ValueError as error:
            trouble = str(error)
        if not trouble:
            wanted = float(spec.get("expirationSeconds") or _LONGEST)
            seconds, server = min(max(wanted, _SHORTEST), _LONGEST), "server auth" in spec["usages"]
            try:
                status["certificate"] = b64encode(self._sign(b64decode(spec["request"]), seconds, server)).decode()
            except ValueError as error:
                trouble = str(error)
        if trouble:
            stamp = rfc3339(self.kernel.now())
            times = {"lastUpdateTime": stamp, "lastTransitionTime": stamp}
            failed = {"type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": trouble, **times}
            status["conditions"] = [*(status.get("conditions") or ()), failed]
        self.client.update(_REQUESTS, {**request, "status": status}, "status")
