"""nc -u: datagrams by hand.

Simplified: an answer comes right after its question or not at all, so a client sends line by line and prints what came back;
a listener answers the first datagram with its standard input.
"""

from k8slab.sim.network.errors import ConnectError, TimedOut, UnknownHost
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.process import BadUsage, Process
from k8slab.sim.runtime.programs.options import Options

__all__ = ["netcat_udp"]

_PATIENCE = 5.0


class _Datagrams:
    """The socket of ``nc -l -u``."""

    speaks_http = False
    tls = None

    def __init__(self, process: Process) -> None:
        self._process, self._answered = process, False

    async def datagram(self, data: bytes, client_ip: str) -> bytes | None:
        """Print a datagram; the first is answered with what stands on standard input."""
        self._process.stdout(data)
        if self._answered:
            return None
        self._answered = True
        return await self._process.stdin.read_all() or None

    async def handle(self, request: Request) -> Response:
        """Never called: this socket is UDP."""
        raise NotImplementedError

    async def accept(self, connection: Connection) -> None:
        """Never called: this socket is UDP."""
        raise NotImplementedError


async def netcat_udp(p: Process, options: Options, rest: list[str]) -> int:
    """Send standard input to HOST PORT line by line and print the answers (-w seconds, -z only tries), or listen (-l -p PORT)."""
    if "l" in options:
        return await _listen(p, int(options.get("p") or (rest[-1] if rest else "0")))
    if len(rest) != 2 or not rest[1].isdigit():
        raise BadUsage("usage: nc -u [-z] [-w SEC] HOST PORT, or nc -u -l -p PORT")
    wait = float(options["w"]) if "w" in options else _PATIENCE
    network, source = p.container.network, p.container.config.network
    while line := await _next(p, "z" in options):
        try:
            p.stdout(await network.datagram(source, rest[0], int(rest[1]), line, wait))
            if "z" in options:
                return 0
        except UnknownHost:
            return p.fail(f"bad address '{rest[0]}'")
        except TimedOut:  # nobody says that nothing came
            if "z" in options:
                return 0
        except ConnectError as error:
            return p.fail(f"{rest[0]} ({error.ip}:{rest[1]}): {error.text}")
    return 0


async def _next(p: Process, only_try: bool) -> bytes:
    return b"\n" if only_try else await p.stdin.read_line()


async def _listen(p: Process, port: int) -> int:
    network, ip = p.container.network, p.container.config.network.ip
    try:
        network.listen(ip, port, _Datagrams(p), "UDP", container=p.container.config.name)
    except OSError as error:
        return p.fail(f"bind: {error}")
    try:
        await p.kernel.future()  # until somebody ends it
    finally:
        network.unlisten(ip, port, "UDP")
    return 0
