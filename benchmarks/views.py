"""The topology view of a large cluster, in JupyterLab in Chromium.

Nodes and pods are API objects without kubelets behind them: what is measured is the kernel and the browser. The cluster, the
load, JupyterLab and Chromium (painting without a GPU) share the machine.
"""

import statistics
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import psutil

from benchmarks.api import Api
from benchmarks.jupyter import notebook

__all__ = ["views"]

_CONNECTIONS = 4
_SPARED = 100  # pods that no churn touches: those that are watched for the delay
_MERGE = "application/merge-patch+json"
_SHOWN = "n => Number(document.querySelectorAll('.k8slab-view .canvas')[n]?.dataset.drawn ?? 0) >= 1"
_COUNTS = "() => { const d = document.querySelectorAll('.k8slab-view .canvas')[1].dataset; return [+d.drawn, +d.version]; }"
_SAYS = "words => document.querySelectorAll('.k8slab-view .alt')[1].innerText.includes(words)"


def views(api: Api, nodes: int = 1000, pods: int = 10_000, churn: int = 200, seconds: float = 20, **_: Any) -> dict[str, str]:
    """First drawing, updates a second and kernel load while pods churn, and time from a change to the picture."""
    prefix = f"bench-{uuid.uuid4().hex[:4]}"
    _fill(api, prefix, nodes, pods)
    cells = [
        "import os\nfrom k8slab.client import connect\nfrom k8slab.views import ControlPlaneView, TopologyView\n"
        f"cluster = connect(kubeconfig={str(api.kubeconfig)!r})\nprint('kernel', os.getpid())",
        "ControlPlaneView(cluster)",
        "TopologyView(cluster)",
    ]
    with notebook(cells, {"PYTHONPATH": str(Path(__file__).parents[1])}) as page:
        kernel = _run_first(page)
        _drawing(page, 0)  # whatever widget comes first waits for JupyterLab to load what widgets need
        first = _drawing(page, 1)
        with _Churn(api, prefix, nodes, pods, churn) as load:
            time.sleep(3)
            kernel.cpu_percent()
            begin, before, done = time.perf_counter(), page.evaluate(_COUNTS), load.done
            time.sleep(seconds)
            took, after = time.perf_counter() - begin, page.evaluate(_COUNTS)
            busy, rate = kernel.cpu_percent(), (load.done - done) / took
            delays = _delays(api, page, prefix)
        quiet = _delays(api, page, prefix)
    what = f"{nodes} nodes, {pods} pods"
    return {
        f"{what}: first drawing after Shift+Enter": f"{first:.2f} s",
        f"updates a second in the browser at {rate:.0f} pod changes/s": f"{(after[1] - before[1]) / took:.1f}",
        "drawings a second": f"{(after[0] - before[0]) / took:.1f}",
        "kernel, of a core": f"{busy:.0f} %",
        "change to picture meanwhile, median and worst": f"{statistics.median(delays):.2f} s, {max(delays):.2f} s",
        "change to picture in quiet, median and worst": f"{statistics.median(quiet):.2f} s, {max(quiet):.2f} s",
    }


def _fill(api: Api, prefix: str, nodes: int, pods: int) -> None:
    api.each(lambda n: _node(api, f"{prefix}-{n}", n), range(nodes), 8)
    api.each(lambda n: _pod(api, f"{prefix}-{n}", f"{prefix}-{n % nodes}", run=True), range(pods), 8)


def _node(api: Api, name: str, number: int) -> None:
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}"}
    api.call("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
    size = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    later = "2099-01-01T00:00:00Z"  # no kubelet will be heard of, and none is missed before
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "bench", "lastHeartbeatTime": later}
    status = {"capacity": size, "allocatable": size, "conditions": [condition]}
    api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, _MERGE)


def _pod(api: Api, name: str, node: str, *, run: bool) -> None:
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    spec = {
        "nodeName": node,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "containers": [container],
    }
    labels = {"app": f"app-{int(name.rpartition('-')[2]) % 50}"}
    api.call("POST", "/api/v1/namespaces/default/pods", {"metadata": {"name": name, "labels": labels}, "spec": spec})
    if run:
        state = {"name": "c", "ready": True, "restartCount": 0, "image": "pause", "imageID": "", "state": {"running": {}}}
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [state]}
        api.call("PATCH", f"/api/v1/namespaces/default/pods/{name}/status", {"status": status}, _MERGE)


def _run_first(page: Any) -> psutil.Process:
    page.click(".jp-Notebook .jp-Cell >> nth=0")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => document.querySelector('.jp-Notebook').innerText.match(/^kernel \\d+/m)", timeout=60_000)
    text = page.evaluate("() => document.querySelector('.jp-Notebook').innerText.match(/^kernel (\\d+)/m)[1]")
    return psutil.Process(int(text))


def _drawing(page: Any, number: int) -> float:
    """Run a cell with a view; return the seconds until it is drawn."""
    page.wait_for_timeout(2000)
    begin = time.perf_counter()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(_SHOWN, arg=number, timeout=120_000, polling=20)
    return time.perf_counter() - begin


def _delays(api: Api, page: Any, prefix: str, times: int = 15) -> list[float]:
    """Let one pod fail after another, and wait until the picture says so."""
    delays = []
    for n in range(times):
        state = f"Odd{uuid.uuid4().hex[:6]}"
        begin = time.perf_counter()
        api.call("PATCH", f"/api/v1/namespaces/default/pods/{prefix}-{n}/status", {"status": {"reason": state}}, _MERGE)
        page.wait_for_function(_SAYS, arg=state, timeout=20_000, polling=10)
        delays.append(time.perf_counter() - begin)
    return delays


class _Churn:
    """Replaces pods, half of the changes deleting one and half making another, at a steady rate."""

    def __init__(self, api: Api, prefix: str, nodes: int, pods: int, rate: int) -> None:
        self._api, self._prefix, self._nodes, self._pods, self._rate = api, prefix, nodes, pods, rate
        self.done = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(part,), daemon=True) for part in range(_CONNECTIONS)]

    def __enter__(self) -> "_Churn":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, part: int) -> None:
        begin, pairs = time.perf_counter(), 0
        while not self._stop.is_set():
            for _ in range(int((time.perf_counter() - begin) * self._rate / 2 / _CONNECTIONS) - pairs):
                number, pairs = pairs * _CONNECTIONS + part, pairs + 1
                self._api.raw("DELETE", f"/api/v1/namespaces/default/pods/{self._prefix}-{_SPARED + number}")
                new = self._pods + number
                _pod(self._api, f"{self._prefix}-{new}", f"{self._prefix}-{new * 7 % self._nodes}", run=False)
                self.done += 2
            time.sleep(0.01)
