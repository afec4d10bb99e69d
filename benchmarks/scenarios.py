"""What is measured."""

import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.api import Api
from benchmarks.lost_node import lost_node
from benchmarks.steady import steady
from benchmarks.views import views

__all__ = ["SCENARIOS", "apply", "get", "listing", "schedule", "watch"]

Result = dict[str, str]


@contextmanager
def _namespace(api: Api) -> Iterator[str]:
    name = f"bench-{uuid.uuid4().hex[:6]}"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    _until(lambda: _exists(api, f"/api/v1/namespaces/{name}/serviceaccounts/default"))
    try:
        yield name
    finally:
        api.call("DELETE", f"/api/v1/namespaces/{name}")


def _exists(api: Api, path: str) -> bool:
    try:
        api.raw("GET", path)
    except RuntimeError:
        return False
    return True


def _until(condition: Callable[[], bool], seconds: float = 120, pause: float = 0.01) -> None:
    end = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(pause)


def _template(**spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    return {"metadata": {"labels": {"app": "bench"}}, "spec": {"containers": [container], **spec}}


def get(api: Api, requests: int = 2000, **_: Any) -> Result:
    """GET of one object over HTTPS, one after the other."""
    with _namespace(api) as namespace:
        path = f"/api/v1/namespaces/{namespace}/configmaps/one"
        api.call("POST", path.rpartition("/")[0], {"metadata": {"name": "one"}, "data": {"key": "value"}})
        times = []
        for _ in range(requests):
            start = time.perf_counter()
            api.raw("GET", path)
            times.append(time.perf_counter() - start)
    times.sort()
    return {
        "GET, median": f"{statistics.median(times) * 1e3:.2f} ms",
        "GET, 99 %": f"{times[int(len(times) * 0.99)] * 1e3:.2f} ms",
    }


def apply(api: Api, runs: int = 10, **_: Any) -> Result:
    """A Deployment of three, from its POST until all three Pods run."""
    times = []
    with _namespace(api) as namespace:
        for run in range(runs):
            labels = {"app": f"run-{run}"}
            template = _template()
            template["metadata"]["labels"] = labels
            body = {
                "metadata": {"name": f"run-{run}"},
                "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
            }
            query = f"watch=1&labelSelector=app%3Drun-{run}&timeoutSeconds=60"
            start = time.perf_counter()
            api.call("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
            running = set()
            for event in api.watch(f"/api/v1/namespaces/{namespace}/pods?{query}"):
                if event["object"]["status"].get("phase") == "Running":
                    running.add(event["object"]["metadata"]["name"])
                if len(running) == 3:
                    break
            times.append(time.perf_counter() - start)
    return {"Deployment of 3 until all run, median": f"{statistics.median(times) * 1e3:.0f} ms"}


def schedule(api: Api, nodes: int = 500, pods: int = 3000, connections: int = 8, **_: Any) -> Result:
    """Pods over nodes that are only objects, from the first POST until all are bound.

    Without a kubelet the nodes are taken for lost after a while; the pods tolerate that, for where all takes longer.
    """
    prefix = f"bench-{uuid.uuid4().hex[:4]}"
    api.each(lambda n: _ready_node(api, f"{prefix}-{n}"), range(nodes), connections)
    _until(lambda: not any(n["spec"].get("taints") for n in _nodes(api, prefix)), pause=0.2)
    with _namespace(api) as namespace:
        template = _template(
            nodeSelector={"bench": prefix}, terminationGracePeriodSeconds=0, tolerations=[{"operator": "Exists"}]
        )
        path = f"/api/v1/namespaces/{namespace}/pods"
        revision = api.call("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
        bodies = [{**template, "metadata": {"name": f"p-{n}", "labels": {"app": "bench"}}} for n in range(pods)]
        start = time.perf_counter()
        api.each(lambda body: api.raw("POST", path, body), bodies, connections)
        created = time.perf_counter() - start
        bound: set[str] = set()
        for event in api.watch(f"{path}?watch=1&resourceVersion={revision}&timeoutSeconds=300"):
            if event["object"]["spec"].get("nodeName"):
                bound.add(event["object"]["metadata"]["name"])
            if len(bound) == pods:
                break
        took = time.perf_counter() - start
    api.each(lambda n: api.raw("DELETE", f"/api/v1/nodes/{prefix}-{n}"), range(nodes), connections)
    return {
        f"{pods} pods over {nodes} nodes, created and scheduled": f"{pods / took:.0f} pods/s ({took:.2f} s)",
        "of that, the POSTs": f"{pods / created:.0f} pods/s ({created:.2f} s)",
    }


def _nodes(api: Api, prefix: str) -> list[Any]:
    found: list[Any] = api.call("GET", f"/api/v1/nodes?labelSelector=bench%3D{prefix}")["items"]
    return found


def _ready_node(api: Api, name: str) -> None:
    prefix = name.rpartition("-")[0]
    api.call("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": {"bench": prefix, "kubernetes.io/hostname": name}}})
    size = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "bench"}
    status = {"capacity": size, "allocatable": size, "conditions": [condition]}
    api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, "application/merge-patch+json")


def listing(api: Api, objects: int = 10000, **_: Any) -> Result:
    """A list of many Pods in one answer."""
    with _namespace(api) as namespace:
        path = f"/api/v1/namespaces/{namespace}/pods"
        template = _template(nodeSelector={"nowhere": "true"})
        api.each(lambda n: api.raw("POST", path, {**template, "metadata": {"name": f"p-{n}"}}), range(objects))
        times, size = [], 0
        for _ in range(5):
            start = time.perf_counter()
            size = len(api.raw("GET", path))
            times.append(time.perf_counter() - start)
    return {f"list of {objects} pods, median": f"{statistics.median(times) * 1e3:.0f} ms ({size / 2**20:.0f} MiB)"}


def watch(api: Api, watchers: int = 50, changes: int = 200, **_: Any) -> Result:
    """Changes of a ConfigMap until all of many watchers have seen the last."""
    from concurrent.futures import ThreadPoolExecutor

    with _namespace(api) as namespace, ThreadPoolExecutor(watchers) as pool:
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        revision = api.call("GET", path)["metadata"]["resourceVersion"]
        wanted = str(changes - 1)

        def follow(_: int) -> float:
            query = f"watch=1&resourceVersion={revision}&fieldSelector=metadata.name%3Done&timeoutSeconds=120"
            for event in api.watch(f"{path}?{query}"):
                if (event["object"].get("data") or {}).get("n") == wanted:
                    return time.perf_counter()
            raise RuntimeError("the watch ended early")

        seen = [pool.submit(follow, n) for n in range(watchers)]
        time.sleep(1)
        api.call("POST", path, {"metadata": {"name": "one"}, "data": {"n": "-1"}})
        start = time.perf_counter()
        for n in range(changes):
            api.raw("PATCH", f"{path}/one", {"data": {"n": str(n)}}, "application/merge-patch+json")
        took = max(f.result() for f in seen) - start
    return {f"{changes} changes to {watchers} watchers": f"{watchers * changes / took:.0f} events/s ({took:.2f} s)"}


SCENARIOS: dict[str, Callable[..., Result]] = {
    "get": get,
    "apply": apply,
    "schedule": schedule,
    "list": listing,
    "watch": watch,
    "lost-node": lost_node,
    "views": views,
    "steady": steady,
}
