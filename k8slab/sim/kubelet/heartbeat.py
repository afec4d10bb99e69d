"""Registration of the node, its lease every 10 s and its status every 5 min or when something changed.

Upstream: pkg/kubelet/kubelet_node_status.go, component-helpers/apimachinery/lease.
"""

from collections.abc import Callable
from contextlib import suppress

from k8slab.apimachinery.timestamps import rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.kubelet.config import NodeConfig
from k8slab.sim.kubelet.node_status import LEASE_NAMESPACE, extended_resources, initial_lease, initial_node, node_status
from k8slab.sim.runtime.runtime import NodeRuntime

__all__ = ["LEASE_PERIOD", "STATUS_PERIOD", "Heartbeat"]

LEASE_PERIOD, STATUS_PERIOD = 10.0, 300.0
_LEASES = "leases.coordination.k8s.io"


class Heartbeat:
    """Keeps the Node and its Lease alive."""

    def __init__(self, client: Client, kernel: Kernel, config: NodeConfig, runtime: NodeRuntime) -> None:
        self._client, self._kernel, self._config, self._runtime = client, kernel, config, runtime
        self._timer: Timer | None = None
        self._reported_at, self._reported_images = 0.0, -1
        self.memory_pressure = self.disk_pressure = False
        self._schedulable = True

    def start(self, rebooted: bool = False) -> None:
        """Register and begin to beat."""
        node, known = self._register()
        if known:
            self._runtime.remember(names for image in (node.get("status") or {}).get("images") or () for names in image["names"])
        self._client.event(node, "Normal", "Starting", "Starting kubelet.", "kubelet", host=self._config.name)
        if rebooted:
            boot = node["status"]["nodeInfo"]["bootID"]
            text = f"Node {self._config.name} has been rebooted, boot id: {boot}"
            self._client.event(node, "Warning", "Rebooted", text, "kubelet", host=self._config.name)
        if known or not (node.get("status") or {}).get("conditions"):
            self._report(node)
        else:
            self._tell(node, "NodeReady")
        self._renew()
        self._timer = self._kernel.call_later(LEASE_PERIOD, self._beat)

    def stop(self) -> None:
        """Fall silent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report_memory(self, pressure: bool) -> None:
        """Say at once that the node is low on memory, or no longer."""
        self.memory_pressure, self._reported_images = pressure, -1
        reason = f"NodeHas{'Insufficient' if pressure else 'Sufficient'}Memory"
        node, name = self._client.informer("nodes").get(self._config.name), self._config.name
        if node is not None:
            if pressure:
                self._client.event(node, "Warning", "EvictionThresholdMet", "Attempting to reclaim memory", "kubelet", host=name)
            self._client.event(node, "Normal", reason, f"Node {name} status is now: {reason}", "kubelet", host=name)
            self._quietly(lambda: self._report(self._client.get("nodes", name)))

    def report_disk(self, pressure: bool) -> None:
        """Say at once that the node's disk is full, or no longer."""
        self.disk_pressure, self._reported_images = pressure, -1
        reason = "NodeHasDiskPressure" if pressure else "NodeHasNoDiskPressure"
        node = self._client.informer("nodes").get(self._config.name)
        if node is not None:
            self._tell(node, reason)
            self._quietly(lambda: self._report(self._client.get("nodes", self._config.name)))

    def _register(self) -> tuple[Object, bool]:
        """Return the Node, and whether it was there already."""
        try:
            node = self._client.create("nodes", initial_node(self._config, self._kernel.now()))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            return self._client.get("nodes", self._config.name), True
        self._reported_at, self._reported_images = self._kernel.now(), self._runtime.revision
        return node, False

    def _beat(self) -> None:
        self._timer = self._kernel.call_later(LEASE_PERIOD, self._beat)
        self._quietly(self._renew)
        images_changed = self._runtime.revision != self._reported_images
        self._note_cordon()
        if images_changed or self._new_resources() or self._kernel.now() - self._reported_at >= STATUS_PERIOD:
            self._quietly(lambda: self._report(self._client.get("nodes", self._config.name)))

    def _new_resources(self) -> bool:
        """Whether somebody has advertised resources that cannot be allocated yet."""
        node = self._client.informer("nodes").get(self._config.name)
        status = (node or {}).get("status") or {}
        return not extended_resources(status).items() <= (status.get("allocatable") or {}).items()

    def _note_cordon(self) -> None:
        """Say it when the node was cordoned or uncordoned since the last beat."""
        node = self._client.informer("nodes").get(self._config.name)
        schedulable = node is None or not node["spec"].get("unschedulable")
        if node is not None and schedulable != self._schedulable:
            self._schedulable = schedulable
            self._tell(node, "NodeSchedulable" if schedulable else "NodeNotSchedulable")

    def _tell(self, node: Object, status: str) -> None:
        text = f"Node {self._config.name} status is now: {status}"
        self._client.event(node, "Normal", status, text, "kubelet", host=self._config.name)

    @staticmethod
    def _quietly(write: Callable[[], object]) -> None:
        """A write that fails now (the node is gone, the API overloaded) is tried again with the next beat."""
        with suppress(StatusError):
            write()

    def _report(self, node: Object) -> None:
        status = node_status(
            self._config,
            self._runtime.images.values(),
            node.get("status") or {},
            self._kernel.now(),
            self.memory_pressure,
            self.disk_pressure,
        )
        self._client.patch("nodes", self._config.name, "", {"status": status}, "merge", subresource="status")
        self._reported_at, self._reported_images = self._kernel.now(), self._runtime.revision
        before = (node.get("status") or {}).get("conditions") or ()
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in before):
            self._tell(node, "NodeReady")

    def _renew(self) -> None:
        name, now = self._config.name, self._kernel.now()
        patch = {"spec": {"holderIdentity": name, "renewTime": rfc3339_micro(now)}}
        try:
            self._client.patch(_LEASES, name, LEASE_NAMESPACE, patch)
        except StatusError as error:
            if error.code != 404:
                raise
            uid = self._client.get("nodes", name)["metadata"]["uid"]
            self._client.create(_LEASES, initial_lease(self._config, uid, now))
