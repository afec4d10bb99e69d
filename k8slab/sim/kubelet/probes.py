"""Liveness, readiness and startup probes of a container.

A `Prober` is one probe of one run of a container: a timer and two counters. Containers without probes cost nothing.
Upstream: pkg/kubelet/prober and pkg/probe/{http,tcp,exec}. Simplified: a gRPC probe only checks that the port accepts
connections; upstream's random first delay after a kubelet restart is left out.
"""

from collections.abc import Callable
from typing import Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.kernel import Kernel, Task, Timer
from k8slab.sim.network.errors import ConnectError, Refused, TimedOut, UnknownHost, Unreachable
from k8slab.sim.network.http import Url
from k8slab.sim.network.namespace import NetNamespace
from k8slab.sim.network.network import Network
from k8slab.sim.network.tls import PlainText, Trust
from k8slab.sim.network.waiting import OutOfTime, within
from k8slab.sim.runtime.container import Container, ExecError
from k8slab.sim.runtime.process import Input

__all__ = ["ProbeKind", "Prober", "check", "port_number"]

ProbeKind = Literal["liveness", "readiness", "startup"]
_EXEC_OUTPUT_LIMIT = 10 * 1024


def port_number(container: Object, port: int | str) -> int:
    """Return the number of a port that a probe or hook gives by number or name."""
    if isinstance(port, int) or str(port).isdigit():
        return int(port)
    return next((int(p["containerPort"]) for p in container.get("ports") or () if p.get("name") == port), 0)


async def check(network: Network, source: NetNamespace, container: Container, spec: Object, probe: Object) -> str | None:
    """Carry out a probe once; return what failed in upstream's words, None if it succeeded."""
    timeout = float(probe.get("timeoutSeconds", 1))
    if probe.get("exec"):
        return await _check_exec(container, probe["exec"].get("command") or [], timeout)
    if probe.get("httpGet"):
        return await _check_http(network, source, container, spec, probe["httpGet"], timeout)
    action = probe.get("tcpSocket") or probe["grpc"]
    grpc = not probe.get("tcpSocket")
    host = action.get("host") or container.config.network.ip
    port = port_number(spec, action["port"])
    try:
        (await network.connect(source, host, port, timeout=timeout)).close()
    except ConnectError as error:
        if grpc:
            await container.kernel.sleep(timeout)  # upstream dials again and again until the time is over
            return f'timeout: failed to connect service "{host}:{port}" within {timeout:g}s: context deadline exceeded'
        return _dial(error, host, port)
    return None


async def _check_exec(container: Container, command: list[str], timeout: float) -> str | None:
    chunks: list[bytes] = []
    try:
        process = container.exec(command, Input(), chunks.append, chunks.append)
    except ExecError as error:
        return str(error)

    async def finish() -> int:
        return await process

    try:
        code = await within(container.kernel, timeout, finish())
    except OutOfTime:
        return f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s'
    return None if code == 0 else b"".join(chunks).decode("utf-8", "replace")[:_EXEC_OUTPUT_LIMIT]


async def _check_http(
    network: Network, source: NetNamespace, container: Container, spec: Object, action: Object, timeout: float
) -> str | None:
    host = action.get("host") or container.config.network.ip
    port, path = port_number(spec, action["port"]), action.get("path") or "/"
    scheme = str(action.get("scheme", "HTTP")).lower()
    headers = {"User-Agent": "kube-probe/1.37", "Accept": "*/*"}
    headers |= {h["name"]: h["value"] for h in action.get("httpHeaders") or ()}
    bare, _, query = path.partition("?")
    request = f'Get "{scheme}://{host}:{port}{path if path.startswith("/") else "/" + path}"'
    try:
        where, trust = Url(scheme, host, port, bare, query), Trust(verify=False)
        response = await network.http(source, "GET", where, headers, timeout=timeout, trust=trust)
    except PlainText as error:
        return f"{request}: http: {error.text}"
    except TimedOut as error:
        waiting = "Client.Timeout exceeded while awaiting headers" if error.phase == "response" else "i/o timeout"
        return (
            f"{request}: context deadline exceeded ({waiting})"
            if error.phase == "response"
            else f"{request}: {_dial(error, host, port)}"
        )
    except ConnectError as error:
        return f"{request}: {_dial(error, host, port)}"
    return None if 200 <= response.status < 400 else f"HTTP probe failed with statuscode: {response.status}"


def _dial(error: ConnectError, host: str, port: int) -> str:
    where = f"dial tcp {error.ip or host}:{port}"
    if isinstance(error, Refused):
        return f"{where}: connect: connection refused"
    if isinstance(error, Unreachable):
        return f"{where}: connect: no route to host"
    return f"dial tcp: lookup {host}: no such host" if isinstance(error, UnknownHost) else f"{where}: i/o timeout"


class Prober:
    """One probe of one run of a container.

    Parameters
    ----------
    kernel
        Clock.
    kind, probe
        Which one, and its specification.
    attempt
        Starts a check in the kernel and returns its task.
    passed, failed
        Called when the threshold is reached, and each time after.
    noted
        Called with the text of every failure.
    """

    __slots__ = (
        "_attempt",
        "_failed",
        "_failures",
        "_kernel",
        "_noted",
        "_passed",
        "_probe",
        "_successes",
        "_task",
        "_timer",
        "kind",
    )

    def __init__(
        self, kernel: Kernel, kind: ProbeKind, probe: Object, attempt: Callable[[], Task[str | None]],
        passed: Callable[[], object], failed: Callable[[], object], noted: Callable[[str], object],
    ) -> None:  # fmt: skip
        self._kernel, self.kind, self._probe, self._attempt = kernel, kind, probe, attempt
        self._passed, self._failed, self._noted = passed, failed, noted
        self._successes = self._failures = 0
        self._task: Task[str | None] | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin, after the initial delay."""
        self._timer = self._kernel.call_later(float(self._probe.get("initialDelaySeconds") or 0), self._run)

    def stop(self) -> None:
        """End; a check in flight is given up."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and not self._task.done:
            self._kernel.call_soon(self._task.cancel)
        self._timer = self._task = None

    def _run(self) -> None:
        self._timer = self._kernel.call_later(float(self._probe.get("periodSeconds") or 10), self._run)
        if self._task is None or self._task.done:
            self._task = self._attempt()
            self._task.add_done_callback(lambda task: self._ended(task.result()) if task is self._task else None)

    def _ended(self, problem: str | None) -> None:
        if problem is None:
            self._successes, self._failures = self._successes + 1, 0
            if self._successes >= (self._probe.get("successThreshold") or 1):
                self._passed()
            return
        self._successes, self._failures = 0, self._failures + 1
        self._noted(problem)
        if self._failures >= (self._probe.get("failureThreshold") or 3):
            self._failures = 0 if self.kind != "readiness" else self._failures
            self._failed()
