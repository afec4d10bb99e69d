"""port-forward: connections into a pod, over SPDY streams (kubectl) or a WebSocket's channels (the Python client).

Upstream: k8s.io/kubelet/pkg/cri/streaming/portforward (httpstream.go, websocket.go). kubectl tunnels SPDY through a WebSocket
(``SPDY/3.1+portforward.k8s.io``) and upgrades the bare connection to SPDY where it cannot.
"""

import asyncio
import logging
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from k8slab.sim.apiserver.duplex import Duplex
from k8slab.sim.apiserver.errors import StatusError, bad_request
from k8slab.sim.apiserver.http import Request
from k8slab.sim.apiserver.kubelets import Kubelets
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.spdy import Session, SpdyStream
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.network import Connection

__all__ = ["SPDY_PROTOCOLS", "TUNNEL", "WEBSOCKET_PROTOCOLS", "PortForward", "ports_of"]

log = logging.getLogger(__name__)

TUNNEL = "SPDY/3.1+portforward.k8s.io"
WEBSOCKET_PROTOCOLS = (TUNNEL, "v4.channel.k8s.io", "v4.base64.channel.k8s.io")
SPDY_PROTOCOLS = ("portforward.k8s.io",)


def ports_of(request: Request) -> list[int]:
    """Return the ports that a WebSocket's query names; 400 if there is none or one is no port."""
    texts = [text for value in request.query_values("ports") for text in value.split(",") if text]
    if not texts:
        raise bad_request('query parameter "ports" is required')
    for text in texts:
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise bad_request(f'unable to parse "{text}" as a port')
    return [int(text) for text in texts]


@dataclass
class _Pair:
    """The two streams of one forwarded connection."""

    data: SpdyStream | None = None
    error: SpdyStream | None = None


class PortForward:
    """Serves ``pods/portforward``.

    Parameters
    ----------
    kernel, driver, kubelets
        The cluster's.
    """

    def __init__(self, kernel: Kernel, driver: Driver, kubelets: Kubelets) -> None:
        self._kernel, self._driver, self._kubelets = kernel, driver, kubelets

    async def serve(self, request: Request, info: RequestInfo, duplex: Duplex, spdy: bool) -> None:
        """Forward connections for a client until it is gone."""
        forwarding = _Forwarding(self._kernel, self._driver, self._kubelets, info)
        try:
            if spdy:
                await forwarding.streams(duplex)
            else:
                await forwarding.channels(duplex, ports_of(request))
        except ValueError as error:
            log.warning("port-forward of %s/%s: %s", info.namespace, info.name, error)
        finally:
            forwarding.end()
            await duplex.close()


class _Forwarding:
    """What one client forwards."""

    def __init__(self, kernel: Kernel, driver: Driver, kubelets: Kubelets, info: RequestInfo) -> None:
        self._kernel, self._driver, self._kubelets, self._info = kernel, driver, kubelets, info
        self._tasks: set[asyncio.Task[None]] = set()
        self._pairs: dict[str, _Pair] = {}
        self._connections: list[Connection] = []
        self._answers: dict[int, Future[None]] = {}  #: what the client waits for, by connection

    def end(self) -> None:
        """Hang up every connection."""
        for task in self._tasks:
            task.cancel()
        for connection in self._connections:
            connection.close()
        self._driver.wake()

    async def streams(self, duplex: Duplex) -> None:
        """Serve SPDY: each connection is a pair of streams."""
        session = Session(duplex.write, lambda stream: self._opened(session, stream))
        async for data in duplex.messages():
            session.feed(data)
        session.lost()

    def _opened(self, session: Session, stream: SpdyStream) -> None:
        headers = stream.headers
        kind, port = headers.get("streamtype", ""), headers.get("port", "")
        if kind not in ("data", "error") or not port.isdigit() or not 0 < int(port) < 65536:
            session.refuse(stream)
            return
        # Clients that name no request open the error stream first, and the data stream right after it.
        key = headers.get("requestid") or str(stream.number - (2 if kind == "data" else 0))
        pair = self._pairs.setdefault(key, _Pair())
        setattr(pair, kind, stream)
        if pair.data is not None and pair.error is not None:
            del self._pairs[key]
            self._spawn(self._pair(int(port), pair.data, pair.error))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _pair(self, port: int, data: SpdyStream, error: SpdyStream) -> None:
        try:
            connection = await self._connect(port)
        except StatusError as refused:
            error.write(refused.message.encode())
        else:
            data.listen(lambda chunk: self._send(connection, chunk))
            await self._until_closed(connection, data.write)
        data.close()
        error.close()

    async def channels(self, duplex: Duplex, ports: list[int]) -> None:
        """Serve the channel protocol: two channels per port, for one connection; both begin with the port's number."""
        inputs: dict[int, asyncio.Queue[bytes]] = {}
        open_ports: set[asyncio.Task[None]] = set()

        def ended(task: "asyncio.Task[None]") -> None:
            open_ports.discard(task)
            if not open_ports:  # with the last connection ends the WebSocket
                self._spawn(duplex.close())

        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                duplex.write(struct.pack("<BH", channel, port))
            inputs[2 * index] = asyncio.Queue()
            open_ports.add(self._spawn(self._channel(duplex, 2 * index, port, inputs[2 * index])))
        for task in list(open_ports):
            task.add_done_callback(ended)
        async for frame in duplex.messages():
            queue = inputs.get(frame[0])
            if queue is not None:
                queue.put_nowait(frame[1:])

    async def _channel(self, duplex: Duplex, channel: int, port: int, sent: asyncio.Queue[bytes]) -> None:
        try:
            connection = await self._connect(port)
        except StatusError as refused:
            duplex.write_channel(channel + 1, refused.message.encode())
            return
        pump = self._spawn(self._pump(sent, connection))
        await self._until_closed(connection, lambda chunk: duplex.write_channel(channel, chunk))
        pump.cancel()

    async def _pump(self, sent: asyncio.Queue[bytes], connection: Connection) -> None:
        while True:
            self._send(connection, await sent.get())

    async def _connect(self, port: int) -> Connection:
        pod = self._kubelets.pod(self._info.namespace, self._info.name)
        future = self._kubelets.of(pod).port_forward(self._info.namespace, self._info.name, port)
        self._driver.let_time_pass(future)
        connection = await self._driver.result(future)
        self._connections.append(connection)
        return connection

    def _send(self, connection: Connection, data: bytes) -> None:
        if data:
            connection.outgoing.write(data)
        else:
            connection.outgoing.close()
        answer = self._answers[id(connection)] = self._kernel.future()
        self._driver.let_time_pass(answer)

    async def _until_closed(self, connection: Connection, write: Callable[[bytes], object]) -> None:
        done = asyncio.Event()

        def arrived(data: bytes) -> None:
            answer = self._answers.pop(id(connection), None)
            if answer is not None:
                answer.set_result(None)
            if data:
                write(data)
            else:
                done.set()

        connection.incoming.listen(arrived)
        await done.wait()
        self._connections.remove(connection)
