"""Servers that do not speak HTTP: redis (a handful of commands) and one that accepts and says nothing."""

from k8slab.sim.network.sockets import Connection
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["serve", "silent"]


async def silent(server: SimulatedServer, connection: Connection) -> None:
    """Keep the connection until the other side ends it."""
    while await connection.incoming.read():
        pass


async def serve(server: SimulatedServer, connection: Connection) -> None:
    """Answer redis commands, inline or in RESP, one per line."""
    data: dict[str, str] = server.state.setdefault("data", {})
    buffer = b""
    while chunk := await connection.incoming.read():
        buffer += chunk
        while b"\n" in buffer:
            words, buffer = _command(buffer)
            if words is None:
                break
            if words:
                connection.outgoing.write(_answer(words, data).encode())


def _command(buffer: bytes) -> tuple[list[str] | None, bytes]:
    """Take one command off the buffer; None while it is incomplete."""
    line, _, rest = buffer.partition(b"\n")
    if not line.startswith(b"*"):
        return line.decode("utf-8", "replace").split(), rest
    lines = rest.split(b"\r\n")
    count = 2 * int(line[1:])
    if len(lines) <= count:
        return None, buffer
    return [w.decode("utf-8", "replace") for w in lines[1:count:2]], b"\r\n".join(lines[count:])


def _answer(words: list[str], data: dict[str, str]) -> str:
    name, arguments = words[0].upper(), words[1:]
    match name, len(arguments):
        case "PING", 0:
            return "+PONG\r\n"
        case (("PING" | "ECHO"), 1):
            return _bulk(arguments[0])
        case "SET", n if n >= 2:
            data[arguments[0]] = arguments[1]
            return "+OK\r\n"
        case "GET", 1:
            return _bulk(data[arguments[0]]) if arguments[0] in data else "$-1\r\n"
        case "INCR", 1:
            data[arguments[0]] = str(int(data.get(arguments[0], "0")) + 1)
            return f":{data[arguments[0]]}\r\n"
        case "DEL", n if n >= 1:
            return f":{sum(data.pop(key, None) is not None for key in arguments)}\r\n"
        case "DBSIZE", 0:
            return f":{len(data)}\r\n"
        case "KEYS", 1:
            return f"*{len(data)}\r\n" + "".join(_bulk(k) for k in sorted(data))
        case _:
            return f"-ERR unknown command '{words[0]}' or wrong number of arguments\r\n"


def _bulk(text: str) -> str:
    return f"${len(text.encode())}\r\n{text}\r\n"
