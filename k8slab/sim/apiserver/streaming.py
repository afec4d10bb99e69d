"""Connections that stay open: logs, exec, attach and port-forward, passed on to the kubelet of the Pod's node.

Upstream: pkg/registry/core/pod/rest (LogREST, ExecREST, AttachREST, PortForwardREST). Over WebSockets, and over SPDY/3.1 for
clients that ask for it; what the streams carry is in `remotecommand` and `portforward`.
"""

import asyncio
from collections.abc import AsyncIterator

from k8slab.sim.apiserver import portforward, remotecommand
from k8slab.sim.apiserver.duplex import Duplex
from k8slab.sim.apiserver.errors import StatusError, bad_request
from k8slab.sim.apiserver.http import Receive, Request, Response, Send, Stream
from k8slab.sim.apiserver.kubelets import Kubelets, container_of
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Kernel
from k8slab.sim.streams import Pipe

__all__ = ["Streaming"]

_UPGRADED = ("exec", "attach", "portforward")
_PROTOCOL_HEADER = "x-stream-protocol-version"


class Streaming:
    """Serves ``pods/log``, ``pods/exec``, ``pods/attach`` and ``pods/portforward``.

    Parameters
    ----------
    kernel, driver
        The cluster's clock, and the link between the loops.
    kubelets
        Who answers for Pods.
    """

    def __init__(self, kernel: Kernel, driver: Driver, kubelets: Kubelets) -> None:
        self._kubelets = kubelets
        self._commands = remotecommand.RemoteCommand(kernel, driver, kubelets)
        self._forwards = portforward.PortForward(kernel, driver, kubelets)

    def serves(self, info: RequestInfo) -> bool:
        """Whether a plain HTTP request is for here."""
        return info.resource == "pods" and not info.group and info.subresource in ("log", *_UPGRADED)

    def connects(self, info: RequestInfo) -> bool:
        """Whether an upgraded connection is for here."""
        return info.resource == "pods" and not info.group and info.subresource in _UPGRADED

    def check(self, request: Request, info: RequestInfo) -> None:
        """Raise what is wrong with an upgrade while it can still be answered with a status code."""
        pod = self._kubelets.pod(info.namespace, info.name)
        if info.subresource != "portforward":
            container_of(pod, request.query.get("container", ""))
        self._kubelets.of(pod)
        if info.subresource == "exec" and not request.query_values("command"):
            raise bad_request("you must specify at least 1 command")
        offered, accepted, kind = _offered(request), _accepted(request, info), request.scope["type"]
        if kind == "upgrade" and not set(offered) & set(accepted):
            names = f"client supports [{' '.join(offered)}], server accepts [{' '.join(accepted)}]"
            raise StatusError(403, "Forbidden", f"unable to upgrade: unable to negotiate protocol: {names}")
        if info.subresource == "portforward" and kind == "websocket" and portforward.TUNNEL not in offered:
            portforward.ports_of(request)

    async def answer(self, request: Request, info: RequestInfo) -> Response | Stream:
        """Answer a plain HTTP request: logs; the rest needs an upgrade."""
        if info.subresource in ("exec", "attach") and not request.query:
            raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
        if info.subresource != "log":
            raise bad_request("Upgrade request required")
        pipe = self._logs(request, info)
        if request.flag("follow"):
            return Stream(_chunks(pipe), "text/plain")
        return Response(200, b"".join([chunk async for chunk in _chunks(pipe)]), "text/plain")

    def _logs(self, request: Request, info: RequestInfo) -> Pipe:
        pod = self._kubelets.pod(info.namespace, info.name)
        container = container_of(pod, request.query.get("container", ""))
        return self._kubelets.of(pod).logs(
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

    async def connect(self, request: Request, info: RequestInfo, receive: Receive, send: Send) -> None:
        """Serve an upgraded connection that has been checked."""
        kind, offered = request.scope["type"], _offered(request)
        protocol = next((p for p in _accepted(request, info) if p in offered), "" if not offered else None)
        if kind == "websocket":
            await receive()
            if protocol is None:
                await send({"type": "websocket.close", "code": 1002, "reason": "no supported subprotocol"})
                return
            await send({"type": "websocket.accept", "subprotocol": protocol or None})
        else:
            await send({"type": "upgrade.accept", "headers": [(_PROTOCOL_HEADER.encode(), str(protocol).encode())]})
        duplex = Duplex(receive, send, kind, str(protocol))
        spdy = kind == "upgrade" or protocol == portforward.TUNNEL
        server = self._forwards if info.subresource == "portforward" else self._commands
        await server.serve(request, info, duplex, spdy)


def _offered(request: Request) -> list[str]:
    if request.scope["type"] == "websocket":
        return list(request.scope.get("subprotocols") or ())
    values = [value for name, value in request.all_headers() if name == _PROTOCOL_HEADER]
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _accepted(request: Request, info: RequestInfo) -> tuple[str, ...]:
    """Return what is spoken, the best first."""
    forward, socket = info.subresource == "portforward", request.scope["type"] == "websocket"
    if socket:
        return portforward.WEBSOCKET_PROTOCOLS if forward else remotecommand.WEBSOCKET_PROTOCOLS
    return portforward.SPDY_PROTOCOLS if forward else remotecommand.SPDY_PROTOCOLS


async def _chunks(pipe: Pipe) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    pipe.listen(queue.put_nowait)
    try:
        while chunk := await queue.get():
            yield chunk
    finally:
        pipe.closed = True
