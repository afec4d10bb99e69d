"""What a kubelet does about the PersistentVolumes of a pod: wait until they are attached, check that it may mount them, and
let their file systems grow.

Upstream: pkg/kubelet/volumemanager (reconciler, WaitForAttachAndMount) and pkg/volume/util/operationexecutor.
"""

from collections.abc import Iterator

from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.pod_claims import pod_claims
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.kubelet.context import NodeContext
from k8slab.sim.runtime.disks import host_path_of
from k8slab.sim.runtime.filesystem import FileSystem

__all__ = ["finish_expansion", "unmountable", "waits_for_attachment"]

_ATTACHMENTS = "volumeattachments.storage.k8s.io"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _claim_volumes(context: NodeContext, pod: Object) -> Iterator[tuple[str, Object]]:
    """Yield the claim names and PersistentVolumes of a pod's bound claims."""
    volume_of = context.volume_of(pod["metadata"]["namespace"])
    for claim in pod_claims(pod):
        found = volume_of(claim.claim)
        if found is not None:
            yield claim.claim, found


def waits_for_attachment(context: NodeContext, pod: Object) -> list[str]:
    """Return the pod's volumes (their names in the pod) that are not attached to the node yet."""
    volume_of, found = context.volume_of(pod["metadata"]["namespace"]), []
    for claim in pod_claims(pod):
        bound = volume_of(claim.claim)
        if bound is not None and not _is_attached(context, bound):
            found.append(claim.volume)
    return found


def _is_attached(context: NodeContext, volume: Object) -> bool:
    driver = (volume["spec"].get("csi") or {}).get("driver")
    if not driver:
        return True
    known = context.client.informer("csidrivers.storage.k8s.io").get(driver)
    if known is not None and known["spec"].get("attachRequired") is False:
        return True
    name, node = volume["metadata"]["name"], context.config.name
    return any(
        a["spec"]["nodeName"] == node
        and a["spec"]["source"].get("persistentVolumeName") == name
        and (a.get("status") or {}).get("attached")
        for a in context.client.informer(_ATTACHMENTS).list()
    )


def unmountable(context: NodeContext, pod: Object) -> str | None:
    """Return why a PersistentVolume cannot be mounted on this node, in upstream's words; None if all can."""
    node = context.client.informer("nodes").get(context.config.name)
    for _, volume in _claim_volumes(context, pod):
        name, spec = volume["metadata"]["name"], volume["spec"]
        required = (spec.get("nodeAffinity") or {}).get("required")
        if required and node is not None and not allows_node({"affinity": {"nodeAffinity": {_REQUIRED: required}}}, node):
            return f'MountVolume.NodeAffinity check failed for volume "{name}" : no matching NodeSelectorTerms'
        path, tree = host_path_of(volume), FileSystem(context.node.host_files(), context.kernel.now)
        if spec.get("local") and not tree.exists(path):
            return f'MountVolume.NewMounter initialization failed for volume "{name}" : path "{path}" does not exist'
        if (spec.get("hostPath") or {}).get("type") == "Directory" and not tree.exists(path):
            return f'MountVolume.SetUp failed for volume "{name}" : hostPath type check failed: {path} is not a directory'
    return None


def finish_expansion(context: NodeContext, pod: Object) -> None:
    """Let the file systems of volumes grow that have grown underneath, and say so."""
    namespace = pod["metadata"]["namespace"]
    for name, volume in _claim_volumes(context, pod):
        claim = context.client.informer("persistentvolumeclaims").get(name, namespace)
        status = (claim or {}).get("status") or {}
        if claim is None or (status.get("allocatedResourceStatuses") or {}).get("storage") != "NodeResizePending":
            continue
        capacity = {"storage": volume["spec"]["capacity"]["storage"]}
        change = {"capacity": capacity, "conditions": None, "allocatedResourceStatuses": None}
        try:
            context.client.patch("persistentvolumeclaims", name, namespace, {"status": change}, "merge", "status")
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            continue
        text = f'MountVolume.NodeExpandVolume succeeded for volume "{volume["metadata"]["name"]}" {context.config.name}'
        for subject in (pod, claim):
            context.event(subject, "Normal", "FileSystemResizeSuccessful", text)
