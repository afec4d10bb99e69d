"""A node is lost: how long until its pods run elsewhere, in real seconds, on the accelerated clock."""

import time
from typing import Any

from benchmarks.api import Api

__all__ = ["lost_node"]

_SIM = "/apis/sim.k8slab.dev/v1alpha1"
_MERGE = "application/merge-patch+json"


def lost_node(api: Api, pods: int = 100, rate: float = 1000.0, **_: Any) -> dict[str, str]:
    """Put pods on one node, crash it, and wait until as many run on the others."""
    if not any(group["name"] == "sim.k8slab.dev" for group in api.call("GET", "/apis")["groups"]):
        raise SystemExit("lost-node: this API server has no sim.k8slab.dev to crash a node by; leave --kubeconfig away")
    labels = {"app": "lost"}
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}
    workers = [n["metadata"]["name"] for n in api.call("GET", "/api/v1/nodes")["items"] if not n["spec"].get("taints")]
    lost, others = workers[0], workers[1:]
    for node in others:
        api.call("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}, _MERGE)
    api.call("POST", "/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "lost"}, "spec": spec})
    _wait(api, [lost], pods)
    for node in others:
        api.call("PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}}, _MERGE)
    api.call("PATCH", f"{_SIM}/clocks/cluster", {"spec": {"mode": "accelerated", "rate": rate}}, _MERGE)
    start = time.perf_counter()
    api.call("POST", f"{_SIM}/faults", {"metadata": {"name": "lost"}, "spec": {"type": "NodeCrash", "nodes": [lost]}})
    _wait(api, others, pods)
    took = time.perf_counter() - start
    api.call("DELETE", f"{_SIM}/faults/lost")
    api.call("PATCH", f"{_SIM}/clocks/cluster", {"spec": {"mode": "real"}}, _MERGE)
    api.call("DELETE", "/apis/apps/v1/namespaces/default/deployments/lost")
    return {f"a lost node's {pods} pods run elsewhere, {rate:g} times": f"{took:.2f} s"}


def _wait(api: Api, nodes: list[str], pods: int, seconds: float = 120) -> None:
    end = time.perf_counter() + seconds
    path = "/api/v1/namespaces/default/pods?labelSelector=app%3Dlost"
    while time.perf_counter() < end:
        found = api.call("GET", path)["items"]
        ready = [p for p in found if p["spec"].get("nodeName") in nodes and p["status"].get("phase") == "Running"]
        if len(ready) >= pods:
            return
        time.sleep(0.05)
    raise TimeoutError(f"{len(ready)} of {pods} pods run after {seconds} s")
