"""nc, telnet, redis-cli, pg_isready: connections and sockets by hand."""

from k8slab.sim.kernel import Future
from k8slab.sim.network.errors import ConnectError, TimedOut, UnknownHost
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.permissions import check_port
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options
from k8slab.sim.runtime.programs.udp import netcat_udp

__all__ = ["COMMANDS"]


class _Listening:
    """The socket of ``nc -l``: hands over its first connections."""

    speaks_http = False
    tls = None

    def __init__(self, process: Process) -> None:
        self.first: Future[Connection] = process.kernel.future()
        self._ended: Future[None] = process.kernel.future()

    async def accept(self, connection: Connection) -> None:
        """Give the connection to the process; it lasts as long as that wants."""
        self.first.set_result(connection)
        await self._ended

    async def handle(self, request: Request) -> Response:
        """Never called: this socket is raw."""
        raise NotImplementedError

    async def datagram(self, data: bytes, client_ip: str) -> bytes | None:
        """Never called: this socket is TCP."""
        raise NotImplementedError

    def end(self) -> None:
        """Let the connection go."""
        self._ended.set_result(None)


async def nc(p: Process) -> int:
    """Connect (-z only tries, -w seconds, -v, -u for UDP), or listen (-l -p PORT)."""
    options, rest = parse_options(p.args, "lp:zw:vune:k")
    if "e" in options:
        raise BadUsage("-e is not simulated")
    if "u" in options:
        return await netcat_udp(p, options, rest)
    if "l" in options:
        return await _listen(p, int(options.get("p") or (rest[-1] if rest else "0")))
    if len(rest) != 2 or not rest[1].isdigit():
        raise BadUsage("usage: nc [-z] [-w SEC] HOST PORT, or nc -l -p PORT")
    timeout = float(options["w"]) if "w" in options else None
    try:
        ip = await p.container.network.resolve(p.container.config.network, rest[0])
        connection = await p.container.network.connect(p.container.config.network, rest[0], int(rest[1]), timeout=timeout)
    except ConnectError as error:
        return _nc_failed(p, error, rest)
    if "v" in options:
        p.err(f"{rest[0]} ({ip}:{rest[1]}) open")
    if "z" not in options:
        await _talk(p, connection)
    connection.close()
    return 0


def _nc_failed(p: Process, error: ConnectError, rest: list[str]) -> int:
    if isinstance(error, UnknownHost):
        return p.fail(f"bad address '{rest[0]}'")
    if isinstance(error, TimedOut):
        return p.fail("timed out")
    return p.fail(f"{rest[0]} ({error.ip}:{rest[1]}): {error.text}")


async def _listen(p: Process, port: int) -> int:
    network, ip = p.container.network, p.container.config.network.ip
    server = _Listening(p)
    try:
        check_port(port, p.container.config.network.unprivileged_port_start, p.credentials)
        network.listen(ip, port, server, container=p.container.config.name)
    except OSError as error:
        return p.fail(f"bind: {error.strerror}")
    try:
        connection = await server.first
        await _talk(p, connection)
        connection.close()
    finally:
        network.unlisten(ip, port)
        server.end()
    return 0


async def _talk(p: Process, connection: Connection) -> None:
    """Send standard input and print what comes back, until the other side ends."""

    async def send() -> None:
        while data := await p.stdin.read_some():
            connection.outgoing.write(data)
        connection.outgoing.close()

    sending = p.kernel.spawn(send())
    try:
        while data := await connection.incoming.read():
            p.stdout(data)
    finally:
        p.kernel.call_soon(sending.cancel)


async def telnet(p: Process) -> int:
    """Connect and talk."""
    if not p.args:
        raise BadUsage("usage: telnet HOST [PORT]")
    return await nc(p.child(["nc", p.args[0], p.args[1] if len(p.args) > 1 else "23"]))


async def redis_cli(p: Process) -> int:
    """Send one redis command; -h HOST -p PORT."""
    options, words = parse_options(p.args, "h:p:a:", stop_early=True)
    host, port = options.get("h", "127.0.0.1"), options.number("p", 6379)
    try:
        connection = await p.container.network.connect(p.container.config.network, host, port)
    except ConnectError as error:
        return p.fail(f"Could not connect to Redis at {host}:{port}: {error.text}".replace("redis-cli: ", ""))
    lines = [f"*{len(words)}", *(part for w in words for part in (f"${len(w.encode())}", w)), ""]
    connection.outgoing.write("\r\n".join(lines).encode())
    answer = (await connection.incoming.read()).decode()
    connection.close()
    p.out(_redis_text(answer))
    return 0


def _redis_text(answer: str) -> str:
    lines = answer.split("\r\n")
    kind, rest = lines[0][:1], lines[0][1:]
    match kind:
        case "+":
            return f"{rest}\n"
        case "-":
            return f"(error) {rest}\n"
        case ":":
            return f"(integer) {rest}\n"
        case "*":
            items = [line for line in lines[1:] if line and line[0] != "$"]
            return "".join(f'{n}) "{item}"\n' for n, item in enumerate(items, 1)) or "(empty array)\n"
    return "(nil)\n" if rest == "-1" else f'"{lines[1]}"\n'


async def pg_isready(p: Process) -> int:
    """Say whether PostgreSQL accepts connections."""
    options, _ = parse_options(p.args, "h:p:U:d:t:q")
    host, port = options.get("h", "localhost"), options.number("p", 5432)
    try:
        (await p.container.network.connect(p.container.config.network, host, port, timeout=3)).close()
    except ConnectError:
        p.out(f"{host}:{port} - no response\n")
        return 2
    p.out(f"{host}:{port} - accepting connections\n")
    return 0


async def _refused(p: Process) -> int:
    return p.fail("not simulated in this container; wget, nc and nslookup show what the network does")


COMMANDS: dict[str, Program] = {
    "nc": nc, "telnet": telnet, "redis-cli": redis_cli, "pg_isready": pg_isready, "psql": _refused, "httpd": _refused,
}  # fmt: skip
