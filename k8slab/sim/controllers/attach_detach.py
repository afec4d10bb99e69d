"""The attach/detach controller: brings CSI volumes to the nodes whose pods need them, and away from there.

Upstream: k8s.io/kubernetes/pkg/controller/volume/attachdetach. It writes VolumeAttachments; the driver's attacher answers
in their status, and the kubelet waits for that. A volume for one node is not attached to a second one (Multi-Attach). From
a node that is not ready a volume is taken only after six minutes, or at once with the out-of-service taint.
Simplified: volumesAttached and volumesInUse of a node's status are not written; a pod that is gone has unmounted.
"""

from hashlib import sha256

from k8slab.apimachinery.types import Object
from k8slab.sim.client import EventType
from k8slab.sim.controllers import pods
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.storage_protection import claims_of

__all__ = ["AttachDetachController"]

_VOLUMES, _CLAIMS, _ATTACHMENTS = "persistentvolumes", "persistentvolumeclaims", "volumeattachments.storage.k8s.io"
_BY_CLAIM, _VOLUME_BY_CLAIM = "pods-by-claim", "volumes-by-claim"
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_SHARED = {"ReadOnlyMany", "ReadWriteMany"}
MAX_WAIT_FOR_UNMOUNT = 360.0


class AttachDetachController(Controller):
    """Attaches volumes to nodes."""

    name = "persistentvolume-attach-detach-controller"
    account = "attachdetach-controller"

    def setup(self) -> None:  # noqa: D102
        self._told: set[tuple[str, str]] = set()
        self._left_since: dict[str, float] = {}
        self.informer("pods").add_index(_BY_CLAIM, claims_of)
        self.informer(_VOLUMES).add_index(_VOLUME_BY_CLAIM, lambda volume: [key] if (key := _claim_key(volume)) else [])
        self.watch(_VOLUMES, self._volume_changed)
        self.watch(_ATTACHMENTS, self._attachment_changed)
        self.watch("pods", self._pod_changed)

    def _volume_changed(self, type: EventType, volume: Object, old: Object | None) -> None:
        if volume["spec"].get("csi") and type != "DELETED":
            self.queue.add(volume["metadata"]["name"])

    def _pod_changed(self, type: EventType, pod: Object, old: Object | None) -> None:
        if pod["spec"].get("volumes") and pod["spec"].get("nodeName"):
            for key in claims_of(pod):
                for volume in self.informer(_VOLUMES).by_index(_VOLUME_BY_CLAIM, key):
                    self.queue.add(volume["metadata"]["name"])

    def _attachment_changed(self, type: EventType, attachment: Object, old: Object | None) -> None:
        volume = self.informer(_VOLUMES).get(attachment["spec"]["source"].get("persistentVolumeName") or "")
        if volume is None:
            return
        self.queue.add(volume["metadata"]["name"])
        attached = (attachment.get("status") or {}).get("attached") and type == "MODIFIED"
        if attached and old and not (old.get("status") or {}).get("attached"):
            for pod in self._users(volume).get(attachment["spec"]["nodeName"], ()):
                text = f'AttachVolume.Attach succeeded for volume "{volume["metadata"]["name"]}" '
                self.event(pod, "Normal", "SuccessfulAttachVolume", text)

    def _users(self, volume: Object) -> dict[str, list[Object]]:
        """Return the pods that use a volume, by node."""
        found: dict[str, list[Object]] = {}
        key, reference = _claim_key(volume), volume["spec"].get("claimRef") or {}
        namespace, _, name = key.partition("/")
        claim = self.informer(_CLAIMS).get(name, namespace) if key else None
        if claim is None or claim["metadata"]["uid"] != reference.get("uid"):
            return found
        for pod in self.informer("pods").by_index(_BY_CLAIM, key):
            if pod["spec"].get("nodeName") and not pods.is_finished(pod):
                found.setdefault(pod["spec"]["nodeName"], []).append(pod)
        return found

    def reconcile(self, key: str) -> float | None:  # noqa: D102
        volume = self.informer(_VOLUMES).get(key)
        if volume is None or not self._attachable(volume):
            return None
        users, waits = self._users(volume), []
        present = {a["spec"]["nodeName"]: a for a in self._attachments(volume)}
        for node, attachment in list(present.items()):
            if node not in users:
                wait = self._detach(node, attachment)
                if wait:
                    waits.append(wait)
                else:
                    del present[node]
        exclusive = not _SHARED & set(volume["spec"].get("accessModes") or ())
        for node in sorted(users.keys() - present.keys()):
            if exclusive and present:
                self._refuse(volume, users, node)
            else:
                present[node] = self._attach(volume, node)
        return min(waits, default=None)

    def _attachable(self, volume: Object) -> bool:
        driver = (volume["spec"].get("csi") or {}).get("driver")
        if not driver:
            return False
        known = self.informer("csidrivers.storage.k8s.io").get(driver)
        return known is None or known["spec"].get("attachRequired") is not False

    def _attachments(self, volume: Object) -> list[Object]:
        name = volume["metadata"]["name"]
        return [a for a in self.informer(_ATTACHMENTS).list() if a["spec"]["source"].get("persistentVolumeName") == name]

    def _attach(self, volume: Object, node: str) -> Object:
        source = volume["spec"]["csi"]
        digest = sha256(f"{source['volumeHandle']}{source['driver']}{node}".encode()).hexdigest()
        spec = {"attacher": source["driver"], "nodeName": node, "source": {"persistentVolumeName": volume["metadata"]["name"]}}
        head = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": {"name": f"csi-{digest}"}}
        return self.client.create(_ATTACHMENTS, {**head, "spec": spec})

    def _detach(self, node: str, attachment: Object) -> float:
        """Detach a volume; return how long to wait before that may be done."""
        name, found = attachment["metadata"]["name"], self.informer("nodes").get(node)
        since = self._left_since.setdefault(name, self.kernel.now())
        left = since + MAX_WAIT_FOR_UNMOUNT - self.kernel.now()
        if found is not None and left > 0 and not pods.is_ready(found) and not _is_out_of_service(found):
            return left
        del self._left_since[name]
        self.client.delete(_ATTACHMENTS, name)
        return 0.0

    def _refuse(self, volume: Object, users: dict[str, list[Object]], node: str) -> None:
        for pod in users[node]:
            mark = (volume["metadata"]["name"], pod["metadata"]["uid"])
            if mark in self._told:
                continue
            self._told.add(mark)
            others = sorted(p["metadata"]["name"] for other, found in users.items() if other != node for p in found)
            why = "Volume is already exclusively attached to one node and can't be attached to another"
            if others:
                why = f"Volume is already used by pod(s) {', '.join(others)}"
            text = f'Multi-Attach error for volume "{mark[0]}" {why}'
            self.event(pod, "Warning", "FailedAttachVolume", text)


def _claim_key(volume: Object) -> str:
    reference = volume["spec"].get("claimRef")
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _is_out_of_service(node: Object) -> bool:
    return any(taint["key"] == _OUT_OF_SERVICE for taint in node["spec"].get("taints") or ())
