"""One situation: a cluster on which its steps are done, and what it then holds, trimmed."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from k8slab.apimachinery.types import Object, deep_copy, name_of, namespace_of
from k8slab.explain.kinds import resource_of
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.pki import Pki
from k8slab.sim.cluster import MASTER, Cluster, ClusterConfig
from k8slab.sim.shape import default_nodes

NAMESPACE = "chat"
_CLUSTER_WIDE = (
    "nodes", "namespaces", "persistentvolumes", "storageclasses.storage.k8s.io", "ingressclasses.networking.k8s.io",
    "priorityclasses.scheduling.k8s.io", "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "certificatesigningrequests.certificates.k8s.io",
)  # fmt: skip
_NAMESPACED = (
    "pods", "services", "events", "configmaps", "secrets", "serviceaccounts", "persistentvolumeclaims", "resourcequotas",
    "limitranges", "deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch",
    "cronjobs.batch", "horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy", "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io", "endpointslices.discovery.k8s.io", "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io", "pods.metrics.k8s.io",
)  # fmt: skip

Objects = list[Object]
Step = Object | int | float | Callable[["Lab"], object]


@dataclass(frozen=True)
class Situation:
    """What is asked, the right answer ("verdict confidence object field"), and how it comes about."""

    name: str
    ask: str
    answer: str
    steps: Sequence[Step]
    workers: int = 3
    unseen: Sequence[str] = ()
    system_pods: bool = False  #: whether kube-system has its pods, and is shown


class Lab:
    """A cluster whose clock only the steps move."""

    def __init__(self, pki: Pki, loop: asyncio.AbstractEventLoop, workers: int, system_pods: bool = False) -> None:
        nodes = default_nodes(workers) if workers else []
        config = ClusterConfig(nodes, seed=4, clock_mode="stepped", start_delays=True, system_pods=system_pods)
        self.cluster, self._system = Cluster(config, pki, loop), system_pods
        self.cluster.start()
        self.admin = self.cluster.loopback.client(MASTER, "kubectl")
        self.rewrites: list[Callable[[Objects], Objects]] = []
        self.after(5)
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self.after(2)

    def step(self, step: Step) -> None:
        """Do one step: create an object, let time pass, or call."""
        if isinstance(step, dict):
            self.create(step)
            self.after(1.0 if step["kind"] == "Namespace" else 0.0)
        elif isinstance(step, int | float):
            self.after(step)
        else:
            step(self)

    def after(self, seconds: float) -> None:
        """Let time pass."""
        self.cluster.kernel.advance(seconds)

    def create(self, obj: Object) -> Object:
        """Create an object, in the lab's namespace if it says no other."""
        resource = resource_of(obj["apiVersion"], obj["kind"])
        if resource not in _CLUSTER_WIDE and not resource.startswith("faults."):
            obj = {**obj, "metadata": {"namespace": NAMESPACE, **obj["metadata"]}}
        obj = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if v is not None}}
        return self.admin.create(resource, deep_copy(obj))

    def patch(self, resource: str, name: str, change: Object, kind: str = "strategic", subresource: str = "") -> None:
        """Patch an object of the lab's namespace (or a cluster-scoped one)."""
        namespace = "" if resource in _CLUSTER_WIDE else NAMESPACE
        self.admin.patch(resource, name, namespace, change, kind, subresource)

    def delete(self, resource: str, name: str, **options: Any) -> None:
        """Delete an object."""
        self.admin.delete(resource, name, "" if resource in _CLUSTER_WIDE else NAMESPACE, **options)

    def as_user(self, name: str, *groups: str) -> Any:
        """Return a client of another user."""
        return self.cluster.loopback.client(UserInfo(name, groups=(*groups, "system:authenticated")), "kubectl")

    def pods(self, prefix: str = "") -> Objects:
        """Return the pods of the namespace, by name."""
        return [p for p in sorted(self.admin.list("pods", NAMESPACE), key=name_of) if name_of(p).startswith(prefix)]

    def objects(self) -> Objects:
        """Return what the cluster holds, as far as somebody could need it, rewritten and trimmed."""
        found = [
            {"apiVersion": _api_version(resource), "kind": obj.get("kind") or "PodMetrics", **obj}
            for resource in (*_CLUSTER_WIDE, *_NAMESPACED)
            for obj in self.admin.list(resource)
            if not self._hidden(resource, obj)
        ]
        found += [*self._logs(found)]
        for rewrite in self.rewrites:
            found = rewrite(deep_copy(found))
        return [_trimmed(obj) for obj in found]

    def _hidden(self, resource: str, obj: Object) -> bool:
        return _of_the_system(resource, obj) and not (self._system and namespace_of(obj) == "kube-system")

    def _logs(self, found: Objects) -> Iterator[Object]:
        for pod in [o for o in found if o["kind"] == "Pod" and (o.get("status") or {}).get("containerStatuses")]:
            kubelet = self.cluster.kubelets.get(pod["spec"].get("nodeName", ""))
            statuses = [*pod["status"]["containerStatuses"], *(pod["status"].get("initContainerStatuses") or ())]
            for status in statuses if kubelet else ():
                for previous in (False, True):
                    lines = _lines(kubelet, pod, status["name"], previous)
                    if lines:
                        name = f"{name_of(pod)}/{status['name']}" + ("/previous" if previous else "")
                        yield {"kind": "Log", "metadata": {"name": name, "namespace": namespace_of(pod)}, "lines": lines}

    def close(self) -> None:
        """Stop the cluster."""
        self.cluster.stop()


def _lines(kubelet: Any, pod: Object, container: str, previous: bool) -> list[str]:
    chunks: list[bytes] = []
    try:
        kubelet.logs(namespace_of(pod), name_of(pod), container, previous=previous, tail_lines=8).listen(chunks.append)
    except StatusError:  # there is no such log
        return []
    return b"".join(chunks).decode().splitlines()


def _api_version(resource: str) -> str:
    group = resource.partition(".")[2]
    version = {"autoscaling": "v2", "metrics.k8s.io": "v1beta1"}.get(group, "v1")
    return f"{group}/{version}" if group else version


_SYSTEM_NAMES = ("system:", "kubeadm:", "k8slab:")


def _of_the_system(resource: str, obj: Object) -> bool:
    """What every cluster has and nobody asks about here."""
    namespace, name = namespace_of(obj), name_of(obj)
    if namespace.startswith("kube-") or (resource in ("events", "configmaps") and namespace == "default"):
        return not (resource == "events" and obj["involvedObject"]["kind"] == "Node")
    if "rbac" in resource and name not in ("cluster-admin", "view", "edit"):
        return name.startswith(_SYSTEM_NAMES) or name == "admin" or "k8slab" in name
    return False


def _trimmed(obj: Object) -> Object:
    """Leave out what no answer needs and what would only make the files large."""
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "selfLink", "resourceVersion")}
    obj = {**obj, "metadata": meta}
    if obj["kind"] == "Node":
        status = {k: v for k, v in obj["status"].items() if k in ("allocatable", "capacity", "addresses", "conditions")}
        conditions = [{k: v for k, v in c.items() if k != "lastHeartbeatTime"} for c in status.get("conditions") or ()]
        annotated = {k: v for k, v in (meta.get("annotations") or {}).items() if "k8slab" in k}
        return {**obj, "metadata": {**meta, "annotations": annotated}, "status": {**status, "conditions": conditions}}
    if obj["kind"] == "ClusterRole" and len(json.dumps(obj)) > 1500:
        return {**obj, "rules": obj["rules"][:6]}
    if obj["kind"] == "ConfigMap" and "ca.crt" in (obj.get("data") or {}):
        return {**obj, "data": {"ca.crt": ""}}
    if obj["kind"] == "Secret" and obj.get("data"):
        return {**obj, "data": dict.fromkeys(obj["data"], "")}
    return obj
