"""What agnhost does and ends: connect and entrypoint-tester. Its servers are data of the image.

Upstream: test/images/agnhost (connect, entrypoint-tester). Each command is named with its mode.
"""

from k8slab.sim.network.errors import ConnectError, Refused, TimedOut, UnknownHost
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import Options, parse_options

__all__ = ["COMMANDS"]

_PATIENCE = 5.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


async def connect(p: Process) -> int:
    """Open a connection to HOST:PORT (--timeout=1s, --protocol=tcp or udp) and say why if it does not come about."""
    options, rest = parse_options(p.args[1:], "", ("timeout=", "protocol="))
    host, colon, port = rest[0].rpartition(":") if len(rest) == 1 else ("", "", "")
    if not colon or not port.isdigit():
        raise BadUsage("usage: agnhost connect HOST:PORT [--timeout=SECONDSs] [--protocol=tcp|udp]")
    network, source = p.container.network, p.container.config.network
    try:
        if options.get("protocol", "tcp") == "udp":
            await network.datagram(source, host, int(port), b"hostname\n", _seconds(options))
        else:
            (await network.connect(source, host, int(port), timeout=_seconds(options))).close()
    except ConnectError as error:
        p.err(_reason(error))
        return 1
    return 0


def _seconds(options: Options) -> float:
    text = options.get("timeout", "")
    number = text.rstrip("ms")
    try:
        return float(number) * _UNITS[text[len(number) :]] if text else _PATIENCE
    except (KeyError, ValueError):
        raise BadUsage(f"invalid duration '{text}'") from None


def _reason(error: ConnectError) -> str:
    if isinstance(error, UnknownHost):
        return f"DNS: lookup {error.host}: no such host"
    if isinstance(error, TimedOut):
        return "TIMEOUT"
    return "REFUSED" if isinstance(error, Refused) else f"OTHER: {error}"


async def entrypoint_tester(p: Process) -> int:
    """Print the command line as the container got it."""
    p.out(f"[{' '.join(p.argv)}]\n")
    return 0


COMMANDS: dict[str, Program] = {"agnhost connect": connect, "agnhost entrypoint-tester": entrypoint_tester}
