"""The scheduler's picture of the cluster: nodes with their pods, including pods it has only just decided about.

Upstream: pkg/scheduler/backend/cache. Upstream copies what changed into a snapshot before each cycle, because events
arrive while a cycle runs; here a cycle is one uninterrupted callback of the kernel, so the cache is the snapshot.

Life of a pod: ``assume`` when the scheduler decides, ``add_pod`` when the API confirms, ``remove_pod`` when it is gone;
``forget`` undoes an assumption that could not be bound. Simplified: assumed pods never expire (upstream, too, by
default).
"""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.counters import PodCounters, PodQuery, TermIndex
from k8slab.sim.scheduler.node_info import NodeInfo, zone_of
from k8slab.sim.scheduler.node_tree import interleave_zones
from k8slab.sim.scheduler.pod_info import AffinityTerm, PodInfo

__all__ = ["TERM_KINDS", "Cache"]

#: Attributes of a `PodInfo` that hold affinity terms.
TERM_KINDS = ("affinity", "anti_affinity", "preferred_affinity", "preferred_anti_affinity")

_JOURNAL_LIMIT = 65536


class Cache:
    """Nodes in zone-interleaved order, each with its pods.

    Attributes
    ----------
    order_epoch
        Raised when nodes come, go or move in the order; indexes into `nodes` are valid within one.
    node_epoch
        Raised when anything of a node object changes that scheduling reads.
    image_epoch
        Raised when a node gains or loses an image.
    journal, journal_start
        Indexes of the nodes that changed in any way, pods included, since ``journal_start``: who caches per node reads
        on from where it was.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, NodeInfo] = {}
        self._without_node: dict[str, NodeInfo] = {}
        self._pods: dict[str, PodInfo] = {}
        self._nodes: list[NodeInfo] | None = []
        self._counters = PodCounters()
        self.images: dict[str, dict[str, int]] = {}
        self.order_epoch = self.node_epoch = self.image_epoch = 0
        self.journal: list[int] = []
        self.journal_start = 0
        self._terms = {kind: TermIndex() for kind in TERM_KINDS}
        self._label_values: dict[str, list[str | None]] = {}
        self._labelled: dict[str, bool] = {}
        self._label_epoch = -1

    # --- reading ---

    @property
    def nodes(self) -> list[NodeInfo]:
        """All nodes in the order they are looked at; a new list after each change of the order."""
        if self._nodes is None:
            self._nodes = interleave_zones(self._by_name.values())
            for index, node in enumerate(self._nodes):
                node.index = index
            self._counters.clear()
        return self._nodes

    def node(self, name: str) -> NodeInfo | None:
        """Return the node of that name, None if there is none."""
        return self._by_name.get(name)

    def pod(self, uid: str) -> PodInfo | None:
        """Return a pod that is on a node, or assumed to be."""
        return self._pods.get(uid)

    def counts(self, query: PodQuery) -> list[int]:
        """Return for each node how many of its pods match; read only."""
        return self._counters.count(query, self.nodes).per_node

    def totals(self, query: PodQuery, domains: list[str | None]) -> dict[str, int]:
        """Return for each domain how many pods on its nodes match; read only.

        Parameters
        ----------
        query
            Which pods.
        domains
            The domain of each node; remembered by identity, so give the same list again for the same question.
        """
        return self._counters.count(query, self.nodes).per_domain(domains)

    def label_values(self, key: str) -> list[str | None]:
        """Return each node's value of a label; the same list until a node changes."""
        nodes = self.nodes
        if self._label_epoch != self.node_epoch:
            self._label_epoch = self.node_epoch
            self._label_values.clear()
            self._labelled.clear()
        if key not in self._label_values:
            values = self._label_values[key] = [node.labels.get(key) for node in nodes]
            self._labelled[key] = None not in values
        return self._label_values[key]

    def all_have_label(self, key: str) -> bool:
        """Whether every node has a label."""
        self.label_values(key)
        return self._labelled[key]

    def has_terms(self, *kinds: str) -> bool:
        """Whether any pod on a node has affinity terms of one of the kinds."""
        return any(self._terms[kind] for kind in kinds)

    def terms(self, kind: str) -> Iterator[tuple[AffinityTerm, dict[str, int]]]:
        """Return the affinity terms of a kind (`TERM_KINDS`), each with its number of pods per topology value."""
        return self._terms[kind].domains(self._by_name, self.node_epoch)

    # --- nodes ---

    def set_node(self, obj: Object) -> None:
        """Add a node or take over its new state."""
        name = obj["metadata"]["name"]
        info = self._by_name.get(name)
        if info is None:
            info = self._without_node.pop(name, None) or NodeInfo(name)
            info.set_node(obj)
            self._by_name[name] = info
            self._reorder()
            self._set_images(name, None, obj)
            return
        old = info.node or {}
        self._set_images(name, old, obj)
        before = (info.labels, info.taints, info.unschedulable, info.allocatable)
        info.set_node(obj)
        if before != (info.labels, info.taints, info.unschedulable, info.allocatable):
            self.node_epoch += 1
            self._touch(info)
            if zone_of(before[0]) != zone_of(info.labels):
                self._reorder()

    def remove_node(self, name: str) -> None:
        """Forget a node; pods that are still on it stay known until they are deleted."""
        info = self._by_name.pop(name, None)
        if info is not None:
            self._set_images(name, info.node, None)
            info.node, info.index = None, -1
            if info.pods:
                self._without_node[name] = info
            self._reorder()

    def _reorder(self) -> None:
        self._nodes = None
        self.order_epoch += 1
        self.node_epoch += 1

    def _set_images(self, name: str, old: Object | None, new: Object | None) -> None:
        before = ((old or {}).get("status") or {}).get("images") or ()
        after = ((new or {}).get("status") or {}).get("images") or ()
        if before == after:
            return
        self.image_epoch += 1
        for image in before:
            for spelling in image.get("names") or ():
                self.images.get(spelling, {}).pop(name, None)
        for image in after:
            for spelling in image.get("names") or ():
                self.images.setdefault(spelling, {})[name] = image.get("sizeBytes", 0)

    # --- pods ---

    def add_pod(self, pod: PodInfo) -> None:
        """Put a pod on the node it names; a known pod moves if it has to."""
        self.remove_pod(pod.uid)
        self._pods[pod.uid] = pod
        info = self._by_name.get(pod.node_name)
        if info is None:
            info = self._without_node.setdefault(pod.node_name, NodeInfo(pod.node_name))
        info.add_pod(pod)
        self._pod_changed(info, pod, 1)

    def update_pod(self, obj: Object) -> None:
        """Take over the new state of a pod that is on a node (or confirm an assumed one)."""
        known = self._pods.get(obj["metadata"].get("uid", ""))
        if known is None or known.node_name != obj["spec"].get("nodeName") or not known.same_for_scheduling(obj):
            self.add_pod(PodInfo(obj))
        else:
            known.obj, known.spec = obj, obj["spec"]

    def remove_pod(self, uid: str) -> None:
        """Take a pod off its node; unknown pods are ignored."""
        pod = self._pods.pop(uid, None)
        if pod is None:
            return
        info = self._by_name.get(pod.node_name) or self._without_node[pod.node_name]
        info.remove_pod(pod)
        self._pod_changed(info, pod, -1)
        if info.node is None and not info.pods:
            self._without_node.pop(pod.node_name, None)

    def assume(self, pod: PodInfo, node: str) -> None:
        """Count a pod in before the API knows."""
        pod.node_name = node
        self.add_pod(pod)

    def forget(self, pod: PodInfo) -> None:
        """Undo `assume`."""
        self.remove_pod(pod.uid)
        pod.node_name = ""

    def _pod_changed(self, info: NodeInfo, pod: PodInfo, sign: int) -> None:
        if pod.has_affinity:
            for kind in TERM_KINDS:
                self._terms[kind].change(getattr(pod, kind), info, self.node_epoch, sign)
        if info.index >= 0 and self._nodes is not None:
            self._counters.pod_changed(info, pod, sign)
        self._touch(info)

    def _touch(self, info: NodeInfo) -> None:
        if info.index < 0:
            return
        self.journal.append(info.index)
        if len(self.journal) > _JOURNAL_LIMIT:
            del self.journal[: _JOURNAL_LIMIT // 2]
            self.journal_start += _JOURNAL_LIMIT // 2
