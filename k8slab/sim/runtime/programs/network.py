"""nc, telnet, redis-cli, pg_isready, ip and others: connections and sockets by hand."""

from typing import Any

from k8slab.sim.kernel import Future
from k8slab.sim.network.errors import ConnectError, TimedOut, UnknownHost
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

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

    def end(self) -> None:
        """Let the connection go."""
        self._ended.set_result(None)


async def nc(p: Process) -> int:
    """Connect (-z only tries, -w seconds, -v), or listen (-l -p PORT)."""
    options, rest = parse_options(p.args, "lp:zw:vune:k")
    if "u" in options or "e" in options:
        raise BadUsage("-u and -e are not simulated")
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
        network.listen(ip, port, server)
    except OSError as error:
        return p.fail(f"bind: {error}")
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


async def ip(p: Process) -> int:
    """Print the container's addresses (ip addr, ifconfig) or sockets (netstat)."""
    network: Any = p.container.config.network
    if p.name == "netstat":
        server = p.container.server
        p.out("Proto Recv-Q Send-Q Local Address           Foreign Address         State\n")
        p.out(
            "".join(
                f"tcp        0      0 0.0.0.0:{port:<15d} 0.0.0.0:*               LISTEN\n"
                for port in (server.listening if server else [])
            )
        )
    elif p.args[:1] in (["route"], ["r"]):
        p.out(f"default via {network.ip.rpartition('.')[0]}.1 dev eth0\n")
    else:
        p.out("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n")
        p.out(f"2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    inet {network.ip}/24 scope global eth0\n")
    return 0


COMMANDS: dict[str, Program] = {
    "nc": nc, "telnet": telnet, "redis-cli": redis_cli, "pg_isready": pg_isready, "psql": _refused, "ping": _refused, "ip": ip,
    "ifconfig": ip, "netstat": ip, "httpd": _refused,
}  # fmt: skip
