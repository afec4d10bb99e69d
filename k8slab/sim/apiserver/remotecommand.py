"""exec and attach: the streams of a command, carried over a WebSocket's channels or over SPDY streams.

Upstream: k8s.io/apimachinery/pkg/util/remotecommand (channel.k8s.io, also in base64; v4 and v5) and k8s.io/kubelet's
cri/streaming/remotecommand. SPDY speaks v4 only.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.duplex import Duplex
from k8slab.sim.apiserver.errors import StatusError, internal_error
from k8slab.sim.apiserver.http import Request
from k8slab.sim.apiserver.kubelets import Kubelets, container_of
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.spdy import Session, SpdyStream
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.streams import Pipe, WindowSize

__all__ = ["SPDY_PROTOCOLS", "WEBSOCKET_PROTOCOLS", "RemoteCommand"]

log = logging.getLogger(__name__)

WEBSOCKET_PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "channel.k8s.io",
    "base64.channel.k8s.io",
)
SPDY_PROTOCOLS = ("v4.channel.k8s.io",)
_STDIN, _STDOUT, _STDERR, _ERROR, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_STREAMS = {"stdin": _STDIN, "stdout": _STDOUT, "stderr": _STDERR, "error": _ERROR, "resize": _RESIZE}

#: Real seconds that a client has to open its streams (upstream: DefaultStreamCreationTimeout).
_PATIENCE = 30.0


class _Channels(Protocol):
    """Numbered streams of bytes."""

    def write(self, channel: int, data: bytes) -> None:
        """Send."""
        ...

    async def read(self, received: Callable[[int, bytes], object]) -> None:
        """Hand on what comes (``b""``: the client sends no more there), until the client is gone."""
        ...

    async def ready(self) -> None:
        """Wait until the command can begin."""
        ...

    def finish(self) -> None:
        """End every stream."""
        ...


class RemoteCommand:
    """Serves ``pods/exec`` and ``pods/attach``.

    Parameters
    ----------
    kernel, driver, kubelets
        The cluster's.
    """

    def __init__(self, kernel: Kernel, driver: Driver, kubelets: Kubelets) -> None:
        self._kernel, self._driver, self._kubelets = kernel, driver, kubelets

    async def serve(self, request: Request, info: RequestInfo, duplex: Duplex, spdy: bool) -> None:
        """Run a command, or join one, for a client."""
        wanted = [name for name in ("stdin", "stdout", "stderr") if request.flag(name)]
        tty = request.flag("tty")
        expected = {"error", *wanted, *(["resize"] if tty else [])} - ({"stderr"} if tty else set())
        channels: _Channels = _SpdyChannels(duplex, expected) if spdy else _WebSocketChannels(duplex)
        stdin = Pipe(self._kernel) if "stdin" in wanted else None
        window = WindowSize() if tty else None
        ended: Future[int] = self._kernel.future()

        def received(channel: int, data: bytes) -> None:
            if channel == _STDIN and stdin is not None:
                stdin.write(data) if data else stdin.close()
                self._driver.wake()
            elif channel == _RESIZE and window is not None and data:
                _resize(window, data)

        reader = asyncio.ensure_future(self._read(channels, received, stdin, ended))
        try:
            await channels.ready()
            self._start(request, info, channels, stdin, window).add_done_callback(lambda code: _hand_on(code, ended))
            if info.subresource == "exec":
                self._driver.let_time_pass(ended, busy=lambda: stdin is None or not stdin.awaited)
            status = _exit_status(await self._driver.result(ended))
        except StatusError as error:
            status = error.status()
        except Exception as error:
            log.exception("%s %s/%s", info.subresource, info.namespace, info.name)
            status = internal_error(f"{type(error).__name__}: {error}").status()
        channels.write(_ERROR, _told(status, duplex.protocol))
        channels.finish()
        await duplex.close()
        reader.cancel()

    async def _read(
        self, channels: _Channels, received: Callable[[int, bytes], object], stdin: Pipe | None, ended: Future[int]
    ) -> None:
        await channels.read(received)
        if stdin is not None:
            stdin.close()
        ended.set_result(137)

    def _start(
        self, request: Request, info: RequestInfo, channels: _Channels, stdin: Pipe | None, window: WindowSize | None
    ) -> Future[int]:
        pod = self._kubelets.pod(info.namespace, info.name)
        container = container_of(pod, request.query.get("container", ""))
        kubelet, tty = self._kubelets.of(pod), request.flag("tty")
        stdout, stderr = Pipe(self._kernel), Pipe(self._kernel)
        stdout.listen(lambda data: channels.write(_STDOUT, data))
        stderr.listen(lambda data: channels.write(_STDERR, data))
        if info.subresource == "attach":
            return kubelet.attach(info.namespace, info.name, container, stdin, stdout, stderr, tty, window)
        command = request.query_values("command")
        return kubelet.exec(info.namespace, info.name, container, command, stdin, stdout, stderr, tty, window)


def _hand_on(code: Future[int], ended: Future[int]) -> None:
    if not ended.done:
        ended.set_result(code.result())


def _resize(window: WindowSize, data: bytes) -> None:
    try:
        size = orjson.loads(data)
        window.columns, window.rows = int(size["Width"]), int(size["Height"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        log.debug("not a terminal size: %r", data)


class _WebSocketChannels:
    """The channel protocol: the first byte of each message is the channel; 255 and a channel close it (v5)."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex

    def write(self, channel: int, data: bytes) -> None:
        self._duplex.write_channel(channel, data)

    async def read(self, received: Callable[[int, bytes], object]) -> None:
        async for frame in self._duplex.messages():
            if frame[0] == _CLOSE and len(frame) > 1:
                received(frame[1], b"")
            elif len(frame) > 1:
                received(frame[0], frame[1:])

    async def ready(self) -> None:
        return

    def finish(self) -> None:
        return


class _SpdyChannels:
    """A SPDY stream for each channel, told apart by the header ``streamType``."""

    def __init__(self, duplex: Duplex, expected: set[str]) -> None:
        self._duplex, self._expected = duplex, expected
        self._session = Session(duplex.write, self._opened)
        self._streams: dict[int, SpdyStream] = {}
        self._received: Callable[[int, bytes], object] = lambda channel, data: None
        self._complete = asyncio.Event()

    def _opened(self, stream: SpdyStream) -> None:
        channel = _STREAMS.get(stream.headers.get("streamtype", ""))
        if channel is None:
            self._session.refuse(stream)
            return
        self._streams[channel] = stream
        stream.listen(lambda data: self._received(channel, data))
        if all(_STREAMS[name] in self._streams for name in self._expected):
            self._complete.set()

    def write(self, channel: int, data: bytes) -> None:
        stream = self._streams.get(channel)
        if stream is not None and data:
            stream.write(data)

    async def read(self, received: Callable[[int, bytes], object]) -> None:
        self._received = received
        try:
            async for data in self._duplex.messages():
                self._session.feed(data)
        except ValueError as error:
            log.warning("a client hung up on: %s", error)

    async def ready(self) -> None:
        try:
            await asyncio.wait_for(self._complete.wait(), _PATIENCE)
        except TimeoutError:
            raise internal_error("timed out waiting for client to create streams") from None

    def finish(self) -> None:
        for stream in self._streams.values():
            stream.close()


def _told(status: Object, protocol: str) -> bytes:
    """Return what the error channel says; before v4 it said nothing of success, and only a text of failure."""
    if protocol.startswith("v"):
        return orjson.dumps(status)
    return b"" if status["status"] == "Success" else str(status.get("message", "")).encode()


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
