"""Many nodes with many running pods: how long until all run, and what the control plane then takes while nothing happens."""

import statistics
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import psutil

from benchmarks.api import Api

__all__ = ["NODES", "steady"]

NODES, PODS = 1000, 10_000
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_OF_ONE = 1000  # replicas of one Deployment
_MIB = 2**20


def steady(
    api: Api, nodes: int = NODES, pods: int = PODS, seconds: float = 60, pids: Iterable[int] = (), **_: Any
) -> dict[str, str]:
    """Fill a cluster that has its nodes (with kubelets behind them) with pods, and look on for a while.

    Parameters
    ----------
    api
        The API server.
    nodes
        How many nodes there must be, at least.
    pods
        How many pods to run, in Deployments of a thousand.
    seconds
        How long to look on; the control plane is left alone for half of that before.
    pids
        The processes that are the control plane and its nodes; none gives only what a client sees.
    """
    there = len(api.call("GET", "/api/v1/nodes")["items"])
    if there < nodes:
        raise SystemExit(f"steady: the cluster has {there} nodes, not {nodes}; add nodes or say --nodes {there}")
    processes = [psutil.Process(pid) for pid in pids]
    sizes = {f"steady-{n}": min(_OF_ONE, pods - n * _OF_ONE) for n in range(-(-pods // _OF_ONE))}
    with ExitStack() as after:
        start, used = time.perf_counter(), _cpu_seconds(processes)
        for name, replicas in sizes.items():
            api.call("POST", _DEPLOYMENTS, _deployment(name, replicas))
            after.callback(api.call, "DELETE", f"{_DEPLOYMENTS}/{name}")
        while _ready(api, sizes) < pods:
            if time.perf_counter() - start > 1800:
                raise TimeoutError(f"{_ready(api, sizes)} of {pods} pods run after half an hour")
            time.sleep(1)
        took = time.perf_counter() - start
        results = {f"{pods} pods on {nodes} nodes until all run": f"{took:.1f} s"}
        if processes:
            results["  CPU time for that"] = f"{_cpu_seconds(processes) - used:.1f} s"
        time.sleep(seconds / 2)
        return results | _look_on(api, processes, seconds)


def _look_on(api: Api, processes: list[psutil.Process], seconds: float) -> dict[str, str]:
    """Return CPU and memory over a while in which a client asks for one object a second."""
    times = []
    start, used = time.perf_counter(), _cpu_seconds(processes)
    while time.perf_counter() - start < seconds:
        time.sleep(1)
        asked = time.perf_counter()
        api.raw("GET", f"{_DEPLOYMENTS}/steady-0")
        times.append(time.perf_counter() - asked)
    took = time.perf_counter() - start
    results = {}
    if processes:
        resident = sum(process.memory_info().rss for process in processes)
        results["  then resident"] = f"{resident / _MIB:.0f} MB"
        results[f"  then CPU, over {seconds:g} s"] = f"{(_cpu_seconds(processes) - used) / took:.1%} of one core"
    longest = f"longest {max(times) * 1e3:.0f} ms"
    return {**results, "  then GET of one object, median": f"{statistics.median(times) * 1e3:.1f} ms ({longest})"}


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}}}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}}


def _ready(api: Api, names: Iterable[str]) -> int:
    found = {d["metadata"]["name"]: d.get("status") or {} for d in api.call("GET", _DEPLOYMENTS)["items"]}
    return sum(int(found[name].get("readyReplicas", 0)) for name in names)


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
