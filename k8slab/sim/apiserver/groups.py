"""Which API groups come with Kubernetes; any other group belongs to custom resources.

Upstream: the groups registered in k8s.io/kubernetes/pkg/api/legacyscheme.
"""

__all__ = ["is_built_in"]

_K8S_IO = (
    "admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery "
    "events flowcontrol.apiserver imagepolicy internal.apiserver networking node rbac.authorization resource scheduling "
    "storage storagemigration"
)
_BUILT_IN = {"", "apps", "autoscaling", "batch", "policy", "extensions", *(f"{name}.k8s.io" for name in _K8S_IO.split(" "))}


def is_built_in(group: str) -> bool:
    """Whether the group is part of Kubernetes itself.

    >>> is_built_in("apps"), is_built_in("gateway.networking.k8s.io")
    (True, False)
    """
    return group in _BUILT_IN
