"""The load generator: runs every LoadRun, and writes into its status what became of the requests.

Stands for tools such as k6, hey or wrk. Every request goes through the data plane by itself: name, Service, policy, route,
container, CPU. An open run sends at a rate whatever happens; a closed one has users who wait for the answer, think, and ask
again. Simpler than such a tool: a connection per request, no keep-alive; users pause for a millisecond at least; a run that the
server's end interrupts is started anew.

Start one with kubectl::

    apiVersion: sim.k8slab.dev/v1alpha1
    kind: LoadRun
    metadata: {name: rush}
    spec:
      url: http://gateway:8080/version
      source: {pod: box}
      stages: [{durationSeconds: 60, from: 0, target: 200}, {durationSeconds: 120, target: 200}]
"""

from collections.abc import Callable

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.apimachinery.types import Object
from k8slab.sim.addons.load_kinds import LOAD_RUN
from k8slab.sim.addons.load_record import Record
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, EventType
from k8slab.sim.exposition import Family, Labels
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import NetNamespace, Network
from k8slab.sim.network.errors import ConnectError, TimedOut
from k8slab.sim.network.http import parse_url

__all__ = ["LoadGenerator", "target_at"]

_RUNS = LOAD_RUN.full_name
_IDLE = 0.1  #: seconds after which an open run with rate 0 looks again
_LEAST = 0.001  #: seconds between an answer and a user's next request, so that time goes on


def target_at(stages: list[Object], elapsed: float) -> float | None:
    """Return the rate or the number of users at a time; None when the stages are over.

    >>> stages = [{"durationSeconds": 10, "from": 0, "target": 100}, {"durationSeconds": 5, "target": 20}]
    >>> [target_at(stages, t) for t in (0, 5, 12, 15)]
    [0.0, 50.0, 20.0, None]
    """
    for stage in stages:
        if elapsed < stage["durationSeconds"]:
            first = stage.get("from", stage["target"])
            return float(first + (stage["target"] - first) * elapsed / stage["durationSeconds"])
        elapsed -= stage["durationSeconds"]
    return None


class LoadGenerator:
    """Runs LoadRuns.

    Parameters
    ----------
    client, kernel, network
        Where the runs are, their clock, and where the requests go.
    """

    def __init__(self, client: Client, kernel: Kernel, network: Network) -> None:
        self.client, self.kernel, self.network = client, kernel, network
        self._runs: dict[str, _Run] = {}
        self._unsubscribe: Callable[[], object] = lambda: None

    def start(self) -> None:
        """Run what has not been completed."""
        self._unsubscribe = self.client.informer(_RUNS).subscribe(self._changed)

    def stop(self) -> None:
        """End all runs."""
        self._unsubscribe()
        for run in self._runs.values():
            run.over = True
        self._runs = {}

    def _changed(self, type: EventType, run: Object, old: Object | None) -> None:
        uid = run["metadata"]["uid"]
        if type == "DELETED":
            gone = self._runs.pop(uid, None)
            if gone is not None:
                gone.over = True
        elif uid not in self._runs and (run.get("status") or {}).get("phase") not in ("Complete", "Failed"):
            self._runs[uid] = _Run(self, run)
            self._runs[uid].begin()

    def metrics(self) -> list[Family]:
        """Return the outcomes of all runs, for ``/metrics``."""
        values: dict[Labels, float] = {
            (("namespace", r.namespace), ("outcome", outcome), ("run", r.name)): float(count)
            for r in self._runs.values()
            for outcome, count in r.record.total.outcomes.items()
        }
        return [Family("k8slab_load_requests_total", "counter", "Requests of load runs, by outcome.", values)]


class _Run:
    def __init__(self, generator: LoadGenerator, run: Object) -> None:
        self.generator, self.kernel, self.spec = generator, generator.kernel, run["spec"]
        self.namespace, self.name = run["metadata"]["namespace"], run["metadata"]["name"]
        self.uid, self.record = run["metadata"]["uid"], Record()
        self.url = parse_url(self.spec["url"])
        self.began, self.over, self.under_way, self.sent = self.kernel.now(), False, 0, 0
        self.users = 0
        self._state: Object = {"phase": "Running", "startTime": rfc3339(self.began)}

    def begin(self) -> None:
        """Start sending, and telling."""
        self.kernel.spawn(self._open() if self.spec.get("mode", "open") == "open" else self._closed(), f"load run {self.name}")
        self.kernel.spawn(self._tell(), f"load run {self.name}: status")

    def _target(self) -> float | None:
        return None if self.over else target_at(self.spec["stages"], self.kernel.now() - self.began)

    async def _open(self) -> None:
        due = self.kernel.now()
        while (rate := self._target()) is not None:
            due += min(self._pause(1 / rate, "arrivals"), 1.0) if rate > 0.1 else _IDLE
            if due > self.kernel.now():  # a late timer does not lower the rate
                await self.kernel.sleep(due - self.kernel.now())
            if rate > 0.1 and self._target() is not None:
                self.kernel.spawn(self._request())

    def _pause(self, mean: float, how: str) -> float:
        if not mean or self.spec.get(how) == "constant":
            return mean
        return self.kernel.random.expovariate(1 / mean)

    async def _closed(self) -> None:
        while (wanted := self._target()) is not None:
            for number in range(self.users, round(wanted)):
                self.users += 1
                self.kernel.spawn(self._user(number))
            await self.kernel.sleep(_IDLE)

    async def _user(self, number: int) -> None:
        think = self.spec.get("thinkTimeSeconds", 1)
        while (wanted := self._target()) is not None and number < round(wanted):
            await self._request()
            await self.kernel.sleep(max(self._pause(think, "thinkTime"), _LEAST))
        self.users -= 1

    def _source(self) -> NetNamespace | None:
        source, network = self.spec.get("source") or {}, self.generator.network
        if source.get("pod"):
            return network.namespace_of_pod(self.namespace, source["pod"])
        nodes = self.generator.client.informer("nodes").list()
        return network.namespace_of_node(source.get("node") or nodes[0]["metadata"]["name"]) if nodes else None

    async def _request(self) -> None:
        began, source = self.kernel.now(), self._source()
        self.sent += 1
        self.under_way += 1
        try:
            if source is None:
                outcome = "no-source"
                await self.kernel.sleep(_IDLE)
            else:
                outcome = await self._send(source)
        finally:
            self.under_way -= 1
        self.record.add(outcome, self.kernel.now() - began)

    async def _send(self, source: NetNamespace) -> str:
        spec = self.spec
        headers = {"X-Message-Id": f"{self.uid}-{self.sent}"}
        body, timeout = spec.get("body", "").encode(), spec.get("timeoutSeconds", 5)
        try:
            network, method = self.generator.network, spec.get("method", "GET")
            return str((await network.http(source, method, self.url, headers, body, timeout)).status)
        except TimedOut as error:
            return f"timeout-{error.phase}"
        except ConnectError as error:
            await self.kernel.sleep(0.001)
            return error.kind

    async def _tell(self) -> None:
        interval = self.spec.get("intervalSeconds", 5)
        while not self.over:
            target = self._target() or 0.0
            await self.kernel.sleep(interval)
            done = self._target() is None and not self.under_way
            self.record.close_interval(rfc3339(self.kernel.now()), interval, self.under_way, target)
            if done:
                self._state |= {"phase": "Complete", "completionTime": rfc3339(self.kernel.now())}
            self._write()
            if done:
                return

    def _write(self) -> None:
        status = {**self._state, **self.record.total.shown(), "underWay": self.under_way, "series": self.record.series}
        known = self.generator.client.informer(_RUNS).get(self.name, self.namespace)
        if known is None or self.over or known["metadata"]["uid"] != self.uid:
            return
        try:
            self.generator.client.update(_RUNS, {**known, "status": status}, "status")
        except StatusError as error:
            if error.code not in (404, 409):
                raise
