"""ServiceAccount: every pod runs as one, and gets its token mounted unless it says otherwise.

Upstream: plugin/pkg/admission/serviceaccount. Simplified: the legacy annotation kubernetes.io/enforce-mountable-secrets
(deprecated) is not enforced.
"""

from typing import Any

from k8slab.apimachinery.types import Object, annotations
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel

__all__ = ["MIRROR", "TOKEN_PATH", "ServiceAccount"]

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = "kubernetes.io/config.mirror"
_VOLUME = "kube-api-access-"
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class ServiceAccount(Plugin):
    """Completes new pods."""

    def __init__(self, client: Client, kernel: Kernel) -> None:
        self._accounts = client.informer("serviceaccounts")
        self._random = kernel.random

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New pods."""
        return (resource, subresource, operation) == ("pods", "", "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Set the account, the token volume and the pull secrets."""
        pod = request.new
        spec = pod["spec"]
        if MIRROR in annotations(pod):
            if spec.get("serviceAccountName"):
                raise request.forbidden("a mirror pod may not reference service accounts")
            return
        name = spec.get("serviceAccountName")
        if not name:
            name = spec["serviceAccountName"] = spec["serviceAccount"] = "default"
        account = self._accounts.get(name, request.namespace)
        if account is None:
            text = f'error looking up service account {request.namespace}/{name}: serviceaccount "{name}" not found'
            raise request.forbidden(text)
        if _automount(spec, account):
            self._mount(spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]

    def _mount(self, spec: Object) -> None:
        volumes: list[Any] = spec.get("volumes") or []
        present = next((v["name"] for v in volumes if v["name"].startswith(_VOLUME)), None)
        name = present or _VOLUME + "".join(self._random.choices(_SUFFIX_ALPHABET, k=5))
        needed = False
        for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
            mounts = container.get("volumeMounts") or []
            if all(mount.get("mountPath") != TOKEN_PATH for mount in mounts):
                container["volumeMounts"] = [*mounts, {"name": name, "readOnly": True, "mountPath": TOKEN_PATH}]
                needed = True
        if needed and not present:
            spec["volumes"] = [*volumes, {"name": name, "projected": _token_volume()}]


def _automount(spec: Object, account: Object) -> bool:
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def _token_volume() -> Object:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": 420,
    }
