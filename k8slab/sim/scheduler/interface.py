"""What a plugin of the scheduler is: statuses, the state of one cycle, and the extension points.

Upstream: k8s.io/kube-scheduler/framework (interface.go, cycle_state.go). A plugin is a small class without I/O that
answers questions about one pod and `NodeInfo` objects; it implements the extension points whose classes it inherits.
The embedded scheduler and `k8slab.explain` (on objects fetched from any cluster) run the very same plugins.

``None`` stands for success, as upstream's nil status does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeVar

from k8slab.apimachinery.types import Object

if TYPE_CHECKING:
    from k8slab.sim.scheduler.cache import Cache
    from k8slab.sim.scheduler.events import ClusterEvent, EventKind
    from k8slab.sim.scheduler.node_info import NodeInfo
    from k8slab.sim.scheduler.pod_info import PodInfo

__all__ = [
    "MAX_NODE_SCORE",
    "SKIP",
    "Code",
    "CycleState",
    "FilterPlugin",
    "Handle",
    "Lister",
    "NodeList",
    "Plugin",
    "PostFilterResult",
    "PreBindPlugin",
    "PreEnqueuePlugin",
    "PreFilterExtensions",
    "PreFilterPlugin",
    "PreScorePlugin",
    "ReservePlugin",
    "ScorePlugin",
    "Status",
]

_T = TypeVar("_T")

#: The highest score a plugin may give a node, before its weight.
MAX_NODE_SCORE = 100


class Code(Enum):
    """How an extension point answers."""

    SUCCESS = "Success"
    ERROR = "Error"
    UNSCHEDULABLE = "Unschedulable"  #: preemption may help
    UNRESOLVABLE = "UnschedulableAndUnresolvable"  #: preemption does not help
    WAIT = "Wait"
    SKIP = "Skip"  #: the plugin has nothing to say about this pod


class Status:
    """An answer other than plain success.

    Parameters
    ----------
    code
        The kind of answer.
    reasons
        Upstream's reason texts; they are counted over the nodes in the FailedScheduling message.
    plugin
        Name of the plugin that answered.
    detail
        For the trace only: what exactly was found (upstream writes it to its log at verbosity 5).
    """

    __slots__ = ("code", "detail", "plugin", "reasons")

    def __init__(self, code: Code, *reasons: str, plugin: str = "", detail: str = "") -> None:
        self.code, self.reasons, self.plugin, self.detail = code, reasons, plugin, detail

    @property
    def message(self) -> str:
        """The reasons in one text."""
        return ", ".join(self.reasons)

    @property
    def rejected(self) -> bool:
        """Whether the pod was refused, as opposed to an error or a skip."""
        return self.code in (Code.UNSCHEDULABLE, Code.UNRESOLVABLE)

    def __repr__(self) -> str:
        return f"Status({self.code.value}, {self.message!r}, plugin={self.plugin!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Status) and (self.code, self.reasons, self.plugin) == (other.code, other.reasons, other.plugin)

    def __hash__(self) -> int:
        return hash((self.code, self.reasons, self.plugin))


#: The plugin has nothing to say about this pod.
SKIP: Final = Status(Code.SKIP)


class CycleState:
    """What plugins remember between the extension points of one cycle, by plugin name."""

    __slots__ = ("data", "skip_filter", "skip_score")

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.skip_filter: set[str] = set()
        self.skip_score: set[str] = set()

    def clone(self) -> "CycleState":
        """Copy for a what-if (preemption, nominated pods): values that have a ``clone`` are cloned."""
        copy = CycleState()
        copy.data = {k: v.clone() if hasattr(v, "clone") else v for k, v in self.data.items()}
        copy.skip_filter, copy.skip_score = set(self.skip_filter), set(self.skip_score)
        return copy


class Lister(Protocol):
    """The reading half of an informer (`k8slab.sim.client.Informer` fits)."""

    def get(self, name: str, namespace: str = "") -> Object | None:
        """Return an object, None if there is none."""
        ...

    def list(self, namespace: str | None = None) -> list[Object]:
        """Return the objects of a namespace (None: of all)."""
        ...


class NodeList(list["NodeInfo"]):
    """Feasible nodes, and a quick way to their places in lists over all nodes.

    Parameters
    ----------
    nodes
        All nodes, in the order of the snapshot.
    indexes
        Which of them.
    """

    def __init__(self, nodes: "Sequence[NodeInfo]", indexes: Sequence[int]) -> None:
        self.indexes = indexes
        self._pick = itemgetter(*indexes) if len(indexes) > 1 else lambda values: tuple(values[i] for i in indexes)
        super().__init__(self._pick(nodes))

    def pick(self, values: Sequence[_T]) -> tuple[_T, ...]:
        """Return the values of these nodes from a list with one for every node."""
        return self._pick(values)


class Handle:
    """What plugins may look at besides the pod and the node: the snapshot and the listers of other resources.

    Parameters
    ----------
    cache
        Nodes with their pods, as of this cycle.
    listers
        By full resource name: ``services``, ``replicasets.apps``, ``persistentvolumeclaims`` ...
    update
        Writes an object of a resource back to the API; a what-if has none, because it never gets as far as PreBind.
    """

    def __init__(
        self, cache: "Cache", listers: Mapping[str, Lister], update: Callable[[str, Object], object] | None = None
    ) -> None:
        self.cache, self._listers, self.update = cache, listers, update
        self.selectors_epoch = 0  #: raised when the selector of a Service or workload changes

    def get(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, None if there is none."""
        lister = self._listers.get(resource)
        return lister.get(name, namespace) if lister else None

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        """Return the objects of a resource in a namespace (None: in all)."""
        lister = self._listers.get(resource)
        return lister.list(namespace) if lister else []


class Plugin:
    """Base of all plugins.

    ``local`` promises that filter and score depend only on `signature` and on the one node they are asked about, so
    that `batch` may reuse the answers for the next pod with the same signature.
    """

    name: ClassVar[str] = ""
    local: ClassVar[bool] = False

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def signature(self, pod: "PodInfo") -> Any:
        """Return everything that a ``local`` plugin reads of the pod, as JSON."""
        return None

    def events(self) -> "Iterable[EventKind]":
        """Return the kinds of events that may make a pod schedulable that this plugin rejected."""
        return ()

    def hint(self, pod: "PodInfo", event: "ClusterEvent") -> bool:
        """Whether this very event may help this pod (upstream: QueueingHintFn)."""
        return True


class PreEnqueuePlugin(Plugin):
    """May keep a pod out of the active queue."""

    def pre_enqueue(self, pod: Object) -> Status | None:
        """Return None to let the pod in."""
        raise NotImplementedError


class PreFilterPlugin(Plugin):
    """Looks at the pod once before the nodes are filtered."""

    def pre_filter(self, state: CycleState, pod: "PodInfo") -> tuple[set[str] | None, Status | None]:
        """Return the only nodes that can do (None: any) and a status (Skip: no need to call filter)."""
        raise NotImplementedError


class PreFilterExtensions(PreFilterPlugin):
    """Keeps its state right when a what-if adds or removes pods."""

    def add_pod(self, state: CycleState, pod: "PodInfo", added: "PodInfo", node: "NodeInfo") -> None:
        """A pod was added to the node."""
        raise NotImplementedError

    def remove_pod(self, state: CycleState, pod: "PodInfo", removed: "PodInfo", node: "NodeInfo") -> None:
        """A pod was removed from the node."""
        raise NotImplementedError


class FilterPlugin(Plugin):
    """Says whether a node can run the pod."""

    def filter(self, state: CycleState, pod: "PodInfo", node: "NodeInfo") -> Status | None:
        """Return None if the pod fits as far as this plugin is concerned."""
        raise NotImplementedError


class PostFilterResult:
    """What became of a failed pod: the node nominated for it ("" clears a nomination, None keeps it)."""

    __slots__ = ("nominated_node",)

    def __init__(self, nominated_node: str | None) -> None:
        self.nominated_node = nominated_node


class PreScorePlugin(Plugin):
    """Looks at the pod and the feasible nodes once before they are scored."""

    def pre_score(self, state: CycleState, pod: "PodInfo", nodes: NodeList) -> Status | None:
        """Return Skip if there is no need to call score."""
        raise NotImplementedError


class ScorePlugin(Plugin):
    """Ranks the feasible nodes; subclasses implement `score`, and `scores` where all nodes at once are cheaper."""

    #: Whether `normalize` does anything; plugins whose raw scores are 0..100 already leave it False.
    normalizes: ClassVar[bool] = False

    def score(self, state: CycleState, pod: "PodInfo", node: "NodeInfo") -> int:
        """Return the raw score of a node."""
        raise NotImplementedError

    def scores(self, state: CycleState, pod: "PodInfo", nodes: NodeList) -> Sequence[int]:
        """Return the raw scores of all feasible nodes."""
        return [self.score(state, pod, node) for node in nodes]

    def normalize(self, scores: Sequence[int]) -> Sequence[int]:
        """Return the scores scaled to 0..100."""
        return scores


class ReservePlugin(Plugin):
    """Keeps its own books about the chosen node."""

    def reserve(self, state: CycleState, pod: "PodInfo", node: str) -> Status | None:
        """Book what the pod will use; anything but None ends the cycle."""
        raise NotImplementedError

    def unreserve(self, state: CycleState, pod: "PodInfo", node: str) -> None:
        """Undo `reserve`."""
        raise NotImplementedError


class PreBindPlugin(Plugin):
    """Prepares what must be there before the pod is bound."""

    def pre_bind(self, state: CycleState, pod: "PodInfo", node: str) -> Status | None:
        """Return None when all is ready, Wait to be asked again after the next event."""
        raise NotImplementedError
