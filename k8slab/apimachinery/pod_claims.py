"""Which claims a pod mounts: those it names, and those that are made for its generic ephemeral volumes.

Upstream: k8s.io/component-helpers/storage/ephemeral.
"""

from typing import NamedTuple

from k8slab.apimachinery.types import Object

__all__ = ["PodClaim", "foreign", "pod_claims"]


class PodClaim(NamedTuple):
    """A volume of a pod that is a PersistentVolumeClaim."""

    volume: str
    claim: str
    ephemeral: bool


def pod_claims(pod: Object) -> tuple[PodClaim, ...]:
    """Return the volumes of a pod that are claims, in their order.

    >>> volumes = [{"name": "a", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "b", "ephemeral": {}}]
    >>> [claim.claim for claim in pod_claims({"metadata": {"name": "web"}, "spec": {"volumes": volumes}})]
    ['data', 'web-b']
    """
    found = []
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            found.append(PodClaim(volume["name"], volume["persistentVolumeClaim"]["claimName"], False))
        elif volume.get("ephemeral") is not None:
            found.append(PodClaim(volume["name"], f"{pod['metadata'].get('name', '')}-{volume['name']}", True))
    return tuple(found)


def foreign(claim: Object, pod: Object) -> str:
    """Return why a claim of an ephemeral volume's name must not be used, "" if it was made for the pod.

    >>> pod = {"metadata": {"name": "web", "namespace": "chat", "uid": "1"}}
    >>> foreign({"metadata": {"name": "web-b", "namespace": "chat"}}, pod)
    'PVC chat/web-b was not created for pod chat/web (pod is not owner)'
    """
    owners = claim["metadata"].get("ownerReferences") or ()
    if any(owner.get("controller") and owner["uid"] == pod["metadata"]["uid"] for owner in owners):
        return ""
    meta, user = claim["metadata"], pod["metadata"]
    return f"PVC {meta['namespace']}/{meta['name']} was not created for pod {user['namespace']}/{user['name']} (pod is not owner)"
