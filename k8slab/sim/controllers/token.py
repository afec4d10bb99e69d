"""The token controller: Secrets of type kubernetes.io/service-account-token get a token and lose it with their account.

Upstream: k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go. Since 1.24 nothing creates such Secrets by
itself; this serves those that users create. Upstream's field ``.secrets`` of the account is not written either.
"""

from base64 import b64encode
from collections.abc import Callable

from k8slab.apimachinery.types import Object, annotations, key_of, split_key
from k8slab.sim.client import Client, EventType
from k8slab.sim.controllers.base import Controller
from k8slab.sim.kernel import Kernel

__all__ = ["ACCOUNT_NAME", "ACCOUNT_UID", "TOKEN_TYPE", "TokenController"]

ACCOUNT_NAME = "kubernetes.io/service-account.name"
ACCOUNT_UID = "kubernetes.io/service-account.uid"
TOKEN_TYPE = "kubernetes.io/service-account-token"
_INDEX = "service-account-of-secret"


def _account_keys(secret: Object) -> tuple[str, ...]:
    if secret.get("type") != TOKEN_TYPE:
        return ()
    return (f"{secret['metadata']['namespace']}/{annotations(secret).get(ACCOUNT_NAME, '')}",)


class TokenController(Controller):
    """Fills token Secrets.

    Parameters
    ----------
    client, kernel, informers
        See `Controller`.
    ca_pem
        The cluster's CA certificate.
    sign_token
        Called with the ServiceAccount and the Secret; returns a token that does not expire.
    """

    name = "serviceaccount-token-controller"
    account = "kube-controller-manager"  # it has no account of its own

    def __init__(
        self,
        client: Client,
        kernel: Kernel,
        informers: Client | None = None,
        *,
        ca_pem: str,
        sign_token: Callable[[Object, Object], str],
    ) -> None:
        super().__init__(client, kernel, informers)
        self._ca, self._sign = ca_pem, sign_token

    def setup(self) -> None:  # noqa: D102
        self.informer("secrets").add_index(_INDEX, _account_keys)
        self.watch("secrets", self._secret_changed)
        self.watch("serviceaccounts", self._account_changed)

    def _secret_changed(self, type: EventType, secret: Object, old: Object | None) -> None:
        if type != "DELETED" and secret.get("type") == TOKEN_TYPE:
            self.queue.add(key_of(secret))

    def _account_changed(self, type: EventType, account: Object, old: Object | None) -> None:
        if type != "MODIFIED":
            for secret in self.informer("secrets").by_index(_INDEX, key_of(account)):
                self.queue.add(key_of(secret))

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        namespace, name = split_key(key)
        secret = self.informer("secrets").get(name, namespace)
        if secret is None or secret.get("type") != TOKEN_TYPE or "deletionTimestamp" in secret["metadata"]:
            return None
        known = annotations(secret)
        account = self.informer("serviceaccounts").get(known.get(ACCOUNT_NAME, ""), namespace)
        if account is None or known.get(ACCOUNT_UID, account["metadata"]["uid"]) != account["metadata"]["uid"]:
            self.client.delete("secrets", name, namespace, uid=secret["metadata"]["uid"])
        else:
            self._fill(secret, account)
        return None

    def _fill(self, secret: Object, account: Object) -> None:
        data, meta = secret.get("data") or {}, secret["metadata"]
        wanted = {"ca.crt": _encode(self._ca), "namespace": _encode(meta["namespace"])}
        wanted["token"] = data.get("token") or _encode(self._sign(account, secret))
        marked = {**annotations(secret), ACCOUNT_UID: account["metadata"]["uid"]}
        if not wanted.items() <= data.items() or marked != annotations(secret):
            self.client.update("secrets", {**secret, "metadata": {**meta, "annotations": marked}, "data": {**data, **wanted}})


def _encode(text: str) -> str:
    return b64encode(text.encode()).decode()
