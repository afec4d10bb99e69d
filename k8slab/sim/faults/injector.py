"""Follows the Fault objects: lets them begin, heals them after their time or when they are deleted, and says so in their status.

It is not part of the cluster: it goes on while the API server is down, as the hand that pulled the plug could put it back.
"""

from collections.abc import Callable

from k8slab.apimachinery.timestamps import parse_time, rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, EventType
from k8slab.sim.faults.kinds import FAULT
from k8slab.sim.faults.world import World
from k8slab.sim.kernel import Kernel, Timer
from k8slab.sim.network import Link

__all__ = ["FaultInjector"]

LEAK_PERIOD, LEAK = 1.0, 10 * 2**20
ALL_REGISTRIES = "*"


class FaultInjector:
    """The component.

    Parameters
    ----------
    client
        The API as somebody who may do anything.
    kernel
        The clock.
    world
        What can break.
    """

    def __init__(self, client: Client, kernel: Kernel, world: World) -> None:
        self._client, self._kernel, self._world = client, kernel, world
        self._active: dict[str, list[Timer]] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin what the objects say, and follow them; a fault that was active when the process ended goes on."""
        self._unsubscribe = self._client.informer(FAULT.full_name).subscribe(self._changed)

    def stop(self) -> None:
        """Stop following."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for timers in self._active.values():
            for timer in timers:
                timer.cancel()
        self._active.clear()

    def heal(self, component: str) -> None:
        """Delete the faults that hold a component: the way out when the API server itself is down."""
        for fault in self._client.informer(FAULT.full_name).list():
            if fault["spec"].get("component") == component:
                self._client.delete(FAULT.full_name, fault["metadata"]["name"])

    def _changed(self, type: EventType, fault: Object, old: Object | None) -> None:
        name, status = fault["metadata"]["name"], fault.get("status") or {}
        if type == "DELETED":
            self._end(name)
        elif status.get("observedGeneration") != fault["metadata"].get("generation"):
            self._end(name)
            self._begin(fault, self._kernel.now())
        elif type == "ADDED" and status.get("phase") == "Active" and name not in self._active:
            self._begin(fault, parse_time(status["since"]))

    def _begin(self, fault: Object, since: float) -> None:
        name, spec = fault["metadata"]["name"], fault["spec"]
        timers = self._active[name] = []
        affected = self._break(name, spec)
        status: Object = {"phase": "Active", "since": rfc3339_micro(since), "affected": affected, "until": None}
        if spec.get("durationSeconds"):
            until = since + float(spec["durationSeconds"])
            status["until"] = rfc3339(until)
            timers.append(self._kernel.call_at(until, self._over, name))
        self._tell(fault, status)

    def _over(self, name: str) -> None:
        """Heal a fault whose time has come."""
        self._end(name)
        fault = self._client.informer(FAULT.full_name).get(name)
        if fault is not None:
            self._tell(fault, {"phase": "Healed", "until": rfc3339(self._kernel.now())})

    def _end(self, name: str) -> None:
        for timer in self._active.pop(name, ()):
            timer.cancel()
        self._world.release(name)

    def _tell(self, fault: Object, status: Object) -> None:
        meta = fault["metadata"]
        try:
            told = {**status, "observedGeneration": meta.get("generation")}
            self._client.patch(FAULT.full_name, meta["name"], "", {"status": told}, subresource="status")
        except StatusError as error:
            if error.code != 404:
                raise

    # --- what breaks ---

    def _break(self, name: str, spec: Object) -> list[str]:
        """Break what a spec says; return what is hit."""
        kind, world = spec["type"], self._world
        on_nodes = {"NodeCrash": "crash", "KubeletStopped": "kubelet", "DiskFull": "disk"}
        if kind in on_nodes:
            nodes = world.chosen(spec)
            for node in nodes:
                world.hold(name, on_nodes[kind], node)
            return nodes
        if kind == "ComponentDown":
            instances = world.instances(spec["component"], spec.get("nodes") or ())
            for instance in instances:
                world.hold(name, "component", instance)
            several = len(world.control_plane) > 1
            return [i if several else i.partition("@")[0] for i in instances]
        if kind == "RegistryDown":
            registry = spec.get("registry") or ALL_REGISTRIES
            world.hold(name, "registry", registry)
            return [registry]
        if kind == "MemoryLeak":
            return self._leak(name, spec)
        return self._part(name, spec)

    def _part(self, name: str, spec: Object) -> list[str]:
        apart = spec["type"] == "NetworkPartition"
        link = Link(loss=1.0) if apart else Link(float(spec.get("latencySeconds") or 0), float(spec.get("loss") or 0))
        one, other = self._world.link(name, spec["between"], link)
        for node in self._world.cut_off(one, other) if apart else ():
            self._world.hold(name, "cut", node)
        return [f"{','.join(one) or '-'} | {','.join(other) or '-'}"]

    def _leak(self, name: str, spec: Object) -> list[str]:
        """Let the chosen containers grow once a second; return the pods."""
        if name not in self._active:
            return []  # it healed at this very moment
        target = spec["target"]
        labels = (target.get("matchLabels") or {}).items()
        chosen = []
        for pod in self._world.pods.list(target["namespace"]):
            meta = pod["metadata"]
            if meta["name"] == target.get("pod", meta["name"]) and labels <= (meta.get("labels") or {}).items():
                kubelet = self._world.kubelets.get(pod["spec"].get("nodeName", ""))
                if kubelet is not None:
                    kubelet.leak(meta["namespace"], meta["name"], target.get("container", ""), spec.get("bytesPerSecond", LEAK))
                    chosen.append(f"{meta['namespace']}/{meta['name']}")
        timers = self._active[name]
        timers[:] = [t for t in timers if t.when > self._kernel.now()]
        timers.append(self._kernel.call_later(LEAK_PERIOD, self._leak, name, spec))
        return chosen
