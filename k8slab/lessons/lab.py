"""The object a notebook works with: ``lab = k8slab.lab("01")``.

It holds the cluster, the lab's namespace and the lab's content, and has one short method for each thing a cell does. All
of them go through `k8slab.client`; nothing here knows what kind of cluster it is.
"""

import importlib
import sys
from functools import cached_property
from pathlib import Path

from IPython.display import Code, display

from k8slab.apimachinery.types import Object
from k8slab.client import Applied, Cluster, Table, apply, connect, get_table, kubectl, readable_errors, wait_for
from k8slab.client.fields import field_owners
from k8slab.client.manifests import Manifest
from k8slab.client.waiting import State
from k8slab.cluster import use
from k8slab.cluster.capabilities import Capabilities, capabilities
from k8slab.errors import K8slabError
from k8slab.explain import Answer, why
from k8slab.lessons.decision import decision
from k8slab.lessons.exercise import LabContent
from k8slab.lessons.learning import Learning
from k8slab.lessons.place import cordoned_before, count_of_nodes, delete_namespace, ensure_namespace, has_work
from k8slab.lessons.progress import Progress
from k8slab.lessons.resetting import reset_exercise, tidy_outside
from k8slab.lessons.source import source
from k8slab.lessons.words import Told, patience
from k8slab.lessons.writing.labfile import read_lab
from k8slab.views import (
    AccessView,
    AutoscalingView,
    ClockView,
    ControlPlaneView,
    DiffView,
    EventsView,
    FaultsView,
    FillingView,
    LogsView,
    MatrixView,
    OwnershipView,
    PacketPathView,
    PodsView,
    RolloutView,
    SchedulingView,
    TimelineView,
    TopologyView,
)

__all__ = ["Lab", "content_of", "lab"]


def content_of(lab_id: str) -> LabContent:
    """Return the content of a lab: ``CONTENT`` of the module ``k8slab.lessons.labNN``, or of a file, ``my-lab.md``."""
    if lab_id.endswith(".md"):
        if not Path(lab_id).exists():
            raise K8slabError(f'There is no "{lab_id}" in {Path.cwd()}: the file of a lab lies beside its notebook.')
        return read_lab(Path(lab_id)).content
    try:
        module = importlib.import_module(f"k8slab.lessons.lab{lab_id}")
    except ModuleNotFoundError as error:
        raise K8slabError(f"There is no lab {lab_id!r}.") from error
    content: LabContent = module.CONTENT
    return content


def lab(lab_id: str, cluster: Cluster | None = None) -> "Lab":
    """Open a lab: find or start the cluster, make the lab's namespace, and say where we are."""
    readable_errors()
    if cluster is None:
        choice = use("auto")
        cluster = connect(context=choice.context, kubeconfig=choice.kubeconfig)
    opened = Lab(content_of(lab_id), cluster)
    opened.prepare()
    return opened


class Lab(Learning):
    """One lab on one cluster."""

    def __init__(
        self, content: LabContent, cluster: Cluster, progress: Progress | None = None, namespace: str | None = None
    ) -> None:
        self.content = content
        self.cluster = cluster
        self.namespace = namespace or f"lab-{content.id}"
        self.progress = progress or Progress()
        self._there_before = False
        cluster.namespace = self.namespace

    def __repr__(self) -> str:
        """Say which lab, which cluster, which namespace."""
        version = self.cluster.request("GET", "/version")["gitVersion"]
        clock = "" if self.cluster.clock.mode == "real" else f", clock {self.cluster.clock.mode}"
        before = "\nYour work of before is still there; lab.reset() begins the lab anew." if self._there_before else ""
        images = self.capabilities["images"]
        if not images.there:
            before += f"\n{images.line}"
        return (
            f"Lab {self.content.id}: {self.content.title}\n"
            f"Kubernetes {version}, {count_of_nodes(self.cluster)}{clock}. Your namespace is {self.namespace}.{before}"
        )

    def prepare(self) -> None:
        """Make the lab's namespace, unless it is there already, and wait until pods can be made in it."""
        there = ensure_namespace(self.cluster, self.namespace, cordons=bool(self.content.node_keys))
        self._there_before = there and has_work(self.cluster, self.namespace)
        wait_for(self.cluster, "serviceaccount/default", "exists")

    @cached_property
    def capabilities(self) -> Capabilities:
        """What this cluster can and cannot do."""
        return capabilities(self.cluster)

    def can(self, capability: str) -> bool:
        """Whether the cluster can do something (``"metrics"``, ``"clock"`` …); if not, say so in one line."""
        there = capability in self.capabilities
        if not there:
            print(self.capabilities[capability].line)
        return there

    def reset(self, exercise: str | None = None) -> str:
        """Begin one exercise again (``"01.2"``), or the whole lab; nothing else is touched."""
        if exercise is not None:
            return self._reset_exercise(exercise)
        said = self.leave()
        self.prepare()
        self.progress.forget(self.content.id)
        return Told(said or f"Namespace {self.namespace} is new and empty.")

    def leave(self) -> str:
        """Take away everything the lab has made in the cluster; say what had to stay, if anything."""
        not_ours = cordoned_before(self.cluster, self.namespace)
        said = delete_namespace(self.cluster, self.namespace)
        if said:
            return said
        for pod in self.cluster.list("pods"):  # a shell that does not listen to SIGTERM would take 30 seconds
            self.cluster.delete("pods", pod["metadata"]["name"], grace_period=1)
        with patience(f"namespace {self.namespace} and all that is in it is being deleted, {{}} s at most …") as tick:
            wait_for(self.cluster, f"namespace/{self.namespace}", "deleted", timeout=120, tick=tick)
        tidy_outside(self.cluster, self.content, not_ours)
        return ""

    def _reset_exercise(self, key: str) -> str:
        task = self.content.exercise(key)
        gone = reset_exercise(self.cluster, task)
        self.progress.forget(task.id)
        back = f" {task.begin(self.cluster)}" if task.begin else ""
        deleted = "" if task.begin and not gone else f"; deleted: {', '.join(gone) or 'nothing'}"
        if task.fault:
            self.break_it(task.fault)
        return Told(f"Exercise {task.id} begins anew{deleted}.{back}")

    # -- doing ---------------------------------------------------------------------------------------------------------

    def apply(self, manifest: Manifest, *, manager: str = "k8slab", force: bool = False) -> Applied:
        """Declare objects (server-side apply); applying the same twice changes nothing."""
        return apply(self.cluster, manifest, manager=manager, force=force)

    def kubectl(self, arguments: str, *, stdin: str | None = None, by: Cluster | None = None) -> None:
        """Run the real kubectl in the lab's namespace and print what it says; ``by`` is the cluster as another user has it."""
        print(kubectl(by or self.cluster, arguments, stdin=stdin), end="")
        sys.stdout.flush()

    def wait_for(self, thing: str, state: State = "Ready", *, timeout: float = 60) -> None:
        """Let time pass until ``pod/web`` is ``Ready`` (``deleted``, ``phase=…``, ``status=…``)."""
        with patience(f"waiting for {thing}, {{}} s at most …") as tick:
            there = wait_for(self.cluster, thing, state, timeout=timeout, tick=tick)
        print(there)

    def sleep(self, seconds: float, *, faster: float = 1) -> None:
        """Let so many seconds pass on the cluster's clock; so many times as fast, where it runs by itself and can be changed."""
        clock = self.cluster.clock
        hurry = faster > 1 and clock.mode == "real" and "clock" in self.capabilities
        if hurry:
            clock.set("accelerated", faster)
        try:
            with patience("time passes: {} s to go …") as tick:
                clock.sleep(seconds, tick)
        finally:
            if hurry:
                clock.set("real")

    # -- seeing --------------------------------------------------------------------------------------------------------

    def topology(self, kind: str = "placement", *, everything: bool = False) -> TopologyView:
        """Show the cluster as a graph, live: this lab's namespace, or all.

        Kinds: placement, ownership, traffic, access, storage, configuration, zones, reachability.
        """
        return TopologyView(self.cluster, kind, "" if everything else self.namespace)

    def owners(self) -> OwnershipView:
        """Show who owns whom, live."""
        return OwnershipView(self.cluster)

    def parts(self) -> ControlPlaneView:
        """Show the parts of the cluster and who talks to whom."""
        return ControlPlaneView(self.cluster)

    def activity(self) -> None:
        """Show the lab's pods and events, live."""
        display(PodsView(self.cluster), EventsView(self.cluster))

    def table(self, resource: str, *, wide: bool = False) -> Table:
        """Show what ``kubectl get`` shows, without ages."""
        return get_table(self.cluster, resource, wide=wide)

    def decision(self, pod: str) -> Table:
        """Show what the scheduler thought about each node for this pod."""
        return decision(self.cluster, pod)

    def scheduling(self, pod: str) -> SchedulingView:
        """Show the scheduler's decision about a pod: nodes × plugins, verdicts, scores, the winner, step by step."""
        return SchedulingView(self.cluster, pod)

    def why(self, thing: str | Object) -> Answer:
        """Say why a thing is as it is: ``pod/web``, ``pod/a -> service/b:80``, ``can sa/web get pods``, ``drain node/x``."""
        return why(self.cluster, thing)

    def path(self, source: str, destination: str) -> PacketPathView:
        """Show what happens to a connection from ``pod/a`` to ``svc/b:80``, layer by layer."""
        return PacketPathView(self.cluster, source, destination)

    def matrix(self, *, everything: bool = False, pods: bool = False) -> MatrixView:
        """Show who may talk to whom, app by app (or pod by pod), and which NetworkPolicy decides."""
        return MatrixView(self.cluster, "" if everything else self.namespace, by_app=not pods)

    def access(self, subject: str, question: str = "") -> AccessView:
        """Show what a subject may do (``sa/web``, a user) by which binding, role and rule; "get pods" asks for one thing."""
        return AccessView(self.cluster, subject, question)

    def become(self, subject: str) -> Cluster:
        """Return the cluster as a subject sees it (impersonation): ``lab.become("sa/web").list("pods")``."""
        return self.cluster.as_(subject)

    def rollout(self, thing: str) -> RolloutView:
        """Show old and new ReplicaSets of ``deployment/web`` over time."""
        return RolloutView(self.cluster, thing)

    def autoscaling(self, thing: str, run: str = "") -> AutoscalingView:
        """Show replicas, measurement and target of ``hpa/web`` over time, with the load and latency of a load run."""
        return AutoscalingView(self.cluster, thing, run)

    def filling(self) -> FillingView:
        """Show how full the nodes are: what pods ask for against what they use."""
        return FillingView(self.cluster)

    def timeline(self, *, everything: bool = False) -> TimelineView:
        """Show what happened to which object; its slider takes all views to the past and back."""
        return TimelineView(self.cluster, "" if everything else self.namespace)

    def diff(self, thing: str, other: Manifest | None = None) -> DiffView:
        """Show ``deployment/web`` as YAML with the owners of its fields, against an earlier version, a manifest or an object."""
        return DiffView(self.cluster, thing, other)

    def logs(self, which: str, *, container: str = "", previous: bool = False) -> LogsView:
        """Follow the logs of ``pod/web`` or of all pods with a label, ``app=web``."""
        return LogsView(self.cluster, which, container=container, previous=previous)

    def clock_control(self) -> ClockView:
        """Show the cluster's clock with buttons to stop it, to step, to run faster, to jump."""
        return ClockView(self.cluster)

    def faults(self) -> FaultsView:
        """Show what can be broken on purpose, what is broken, and the buttons for both."""
        return FaultsView(self.cluster)

    def field_owners(self, thing: str, below: str = ".spec") -> Table:
        """Show who owns which field of ``deployment/web``."""
        resource, _, name = thing.partition("/")
        return field_owners(self.cluster.get(resource, name), below)

    def source(self, module: str, name: str) -> Code:
        """Show lines of the embedded cluster's own source."""
        return source(module, name)
