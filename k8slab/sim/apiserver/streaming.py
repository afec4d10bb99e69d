"""Connections that stay open: logs, exec and attach, passed on to the kubelet of the Pod's node.

Upstream: pkg/registry/core/pod/rest (LogREST, ExecREST, AttachREST) and the channel protocol of
k8s.io/apimachinery/pkg/util/remotecommand (v4 and v5.channel.k8s.io over WebSocket). Simplified: no SPDY and no
port-forward; asking for either is answered with a Status that says so.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError, bad_request, internal_error, not_found
from k8slab.sim.apiserver.http import Receive, Request, Response, Send, Stream
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.driver import Driver
from k8slab.sim.etcd import Store
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.streams import Pipe

__all__ = ["KubeletServer", "Streaming"]

log = logging.getLogger(__name__)

_STREAMS = ("exec", "attach")
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


class KubeletServer(Protocol):
    """The part of a kubelet that the API server talks to; errors are `StatusError`."""

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
        since_time: str | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> Pipe:
        """Return the lines of a container; the pipe ends, or with ``follow`` goes on until the container does."""
        ...

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: list[str],
        stdin: Pipe | None,
        stdout: Pipe,
        stderr: Pipe,
        tty: bool,
    ) -> Future[int]:
        """Run a command in a container; the result is its exit code."""
        ...

    def attach(
        self, namespace: str, pod: str, container: str, stdin: Pipe | None, stdout: Pipe, stderr: Pipe, tty: bool
    ) -> Future[int]:
        """Join a container's main process; the result is its exit code."""
        ...


class Streaming:
    """Serves ``pods/log``, ``pods/exec`` and ``pods/attach``.

    Parameters
    ----------
    store, kernel, driver
        Where Pods are found, and the link between the loops.
    kubelets
        The kubelets by node name.
    """

    def __init__(self, store: Store, kernel: Kernel, driver: Driver, kubelets: Mapping[str, KubeletServer]) -> None:
        self._store, self._kernel, self._driver, self._kubelets = store, kernel, driver, kubelets

    def serves(self, info: RequestInfo) -> bool:
        """Whether a plain HTTP request is for here."""
        if info.group or info.resource not in ("pods", "services", "nodes"):
            return False
        return info.subresource == "proxy" or (info.resource == "pods" and info.subresource in ("log", *_STREAMS, "portforward"))

    def connects(self, info: RequestInfo) -> bool:
        """Whether a WebSocket is for here."""
        return info.resource == "pods" and not info.group and info.subresource in _STREAMS

    def check(self, request: Request, info: RequestInfo) -> None:
        """Raise what is wrong with a WebSocket's request while it can still be answered with a status code."""
        pod = self._pod(info)
        _container(pod, request.query.get("container", ""))
        self._kubelet(pod)
        if info.subresource == "exec" and not request.query_values("command"):
            raise bad_request("you must specify at least 1 command")

    async def answer(self, request: Request, info: RequestInfo) -> Response | Stream:
        """Answer a plain HTTP request: logs; the rest needs a WebSocket."""
        if info.subresource in _STREAMS:
            raise bad_request(
                "you must specify at least 1 of stdin, stdout, stderr" if not request.query else "Upgrade request required"
            )
        if info.subresource != "log":
            what = f"{info.resource}/{info.subresource}"
            detail = f'the embedded cluster does not serve {what} yet; use "kubectl exec" with wget or curl instead'
            raise StatusError(501, "NotImplemented", detail)
        pipe = self._logs(request, info)
        if request.flag("follow"):
            return Stream(_chunks(pipe), "text/plain")
        return Response(200, b"".join([chunk async for chunk in _chunks(pipe)]), "text/plain")

    def _logs(self, request: Request, info: RequestInfo) -> Pipe:
        pod = self._pod(info)
        container = _container(pod, request.query.get("container", ""))
        return self._kubelet(pod).logs(
            info.namespace,
            info.name,
            container,
            follow=request.flag("follow"),
            previous=request.flag("previous"),
            tail_lines=request.number("tailLines"),
            since_seconds=request.number("sinceSeconds"),
            since_time=request.query.get("sinceTime"),
            timestamps=request.flag("timestamps"),
            limit_bytes=request.number("limitBytes"),
        )

    def _pod(self, info: RequestInfo) -> Object:
        entry = self._store.get("/registry/pods/", f"{info.namespace}/{info.name}")
        if entry is None:
            raise not_found("", "pods", info.name)
        return entry.value

    def _kubelet(self, pod: Object) -> KubeletServer:
        node = pod["spec"].get("nodeName", "")
        if not node:
            raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        kubelet = self._kubelets.get(node)
        if kubelet is None:
            raise internal_error(f"error dialing backend: dial tcp: lookup {node}: no such host")
        return kubelet

    async def connect(self, request: Request, info: RequestInfo, receive: Receive, send: Send) -> None:
        """Serve exec or attach over a WebSocket."""
        await receive()
        offered = request.scope.get("subprotocols") or []
        protocol = next((p for p in _PROTOCOLS if p in offered), None)
        if protocol is None:
            await send({"type": "websocket.close", "code": 1002, "reason": "no supported subprotocol"})
            return
        await send({"type": "websocket.accept", "subprotocol": protocol})
        channel = _Channels(send)
        stdin = Pipe(self._kernel) if request.flag("stdin") else None
        try:
            code = self._start(request, info, channel, stdin)
            if info.subresource == "exec":
                self._driver.let_time_pass(code, busy=lambda: stdin is None or not stdin.awaited)
            reader = asyncio.ensure_future(_feed(receive, stdin, code))
            status = _exit_status(await self._driver.result(code))
            reader.cancel()
        except StatusError as error:
            status = error.status()
        except Exception as error:
            log.exception("%s %s/%s", info.subresource, info.namespace, info.name)
            status = internal_error(f"{type(error).__name__}: {error}").status()
        await channel.finish(status)

    def _start(self, request: Request, info: RequestInfo, channel: "_Channels", stdin: Pipe | None) -> Future[int]:
        pod = self._pod(info)
        container = _container(pod, request.query.get("container", ""))
        kubelet, tty = self._kubelet(pod), request.flag("tty")
        stdout, stderr = Pipe(self._kernel), Pipe(self._kernel)
        stdout.listen(lambda data: channel.write(_STDOUT, data))
        stderr.listen(lambda data: channel.write(_STDERR, data))
        if info.subresource == "attach":
            return kubelet.attach(info.namespace, info.name, container, stdin, stdout, stderr, tty)
        command = request.query_values("command")
        return kubelet.exec(info.namespace, info.name, container, command, stdin, stdout, stderr, tty)


class _Channels:
    """Sends frames in order, from callbacks of the kernel that cannot wait."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sender = asyncio.ensure_future(self._run())

    def write(self, channel: int, data: bytes) -> None:
        if data:
            self._queue.put_nowait(bytes([channel]) + data)

    async def finish(self, status: Object) -> None:
        self.write(_ERROR, orjson.dumps(status))
        self._queue.put_nowait(None)
        await self._sender

    async def _run(self) -> None:
        gone = False
        while (frame := await self._queue.get()) is not None:
            try:
                if not gone:
                    await self._send({"type": "websocket.send", "bytes": frame})
            except Exception:
                gone = True
        if not gone:
            await self._send({"type": "websocket.close", "code": 1000})


async def _feed(receive: Receive, stdin: Pipe | None, code: Future[int]) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            if stdin is not None:
                stdin.close()
            code.set_result(137)
            return
        frame = message.get("bytes") or (message.get("text") or "").encode()
        if stdin is None or not frame:
            continue
        if frame[0] == _STDIN:
            stdin.write(frame[1:])
        elif frame[0] == _CLOSE and frame[1:2] == bytes([_STDIN]):
            stdin.close()


async def _chunks(pipe: Pipe) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    pipe.listen(queue.put_nowait)
    try:
        while chunk := await queue.get():
            yield chunk
    finally:
        pipe.closed = True


def _exit_status(code: int) -> Object:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _container(pod: Object, wanted: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    main: list[str] = [c["name"] for c in spec.get("containers") or ()]
    inits = [c["name"] for c in spec.get("initContainers") or ()]
    ephemeral = [c["name"] for c in spec.get("ephemeralContainers") or ()]
    if wanted:
        if wanted not in (*main, *inits, *ephemeral):
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(main) == 1 and not inits and not ephemeral:
        return main[0]
    choices = f"[{' '.join(main)}]"
    if inits:
        choices += f" or one of the init containers: [{' '.join(inits)}]"
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: {choices}")
