"""ip, ifconfig, netstat, ping, traceroute: what a network looks like from inside."""

from k8slab.sim.network.errors import UnknownHost
from k8slab.sim.runtime.permissions import may_ping
from k8slab.sim.runtime.process import BadUsage, Process, Program
from k8slab.sim.runtime.programs.options import parse_options

__all__ = ["COMMANDS"]

_LOOPBACK = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n"


async def ip(p: Process) -> int:
    """Print addresses (ip addr) or routes (ip route)."""
    network, own = p.container.network, p.container.config.network
    words = [a for a in p.args if not a.startswith("-")]
    what = words[0] if words else "addr"
    if {"add", "del", "set", "change", "replace", "flush"} & set(words[1:2]):
        if not p.credentials.can("NET_ADMIN"):
            return p.fail("RTNETLINK answers: Operation not permitted", 2)
        raise BadUsage("changes of the network are not simulated")
    if "route".startswith(what):
        p.out("".join(f"{line}\n" for line in network.routes(own)))
    elif "address".startswith(what) or what in ("addr", "link"):
        p.out(_LOOPBACK)
        for number, (name, mtu, address) in enumerate(network.interfaces(own), 2):
            p.out(f"{number}: {name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu {mtu}\n")
            p.out(f"    inet {address} scope global {name.partition('@')[0]}\n")
    else:
        raise BadUsage(f'"ip {what}" is not simulated; there are ip addr and ip route')
    return 0


async def ifconfig(p: Process) -> int:
    """Print the addresses in the old way."""
    for name, mtu, address in p.container.network.interfaces(p.container.config.network):
        p.out(f"{name.partition('@')[0]:<10}Link encap:Ethernet\n          inet addr:{address.partition('/')[0]}\n")
        p.out(f"          UP BROADCAST RUNNING MULTICAST  MTU:{mtu}  Metric:1\n\n")
    p.out("lo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n")
    return 0


async def netstat(p: Process) -> int:
    """Print the sockets of the container's server."""
    server = p.container.server
    p.out("Proto Recv-Q Send-Q Local Address           Foreign Address         State\n")
    for port in server.listening if server else ():
        p.out(f"tcp        0      0 0.0.0.0:{port:<15d} 0.0.0.0:*               LISTEN\n")
    for port in server.udp if server else ():
        p.out(f"udp        0      0 0.0.0.0:{port:<15d} 0.0.0.0:*\n")
    return 0


async def ping(p: Process) -> int:
    """Send ICMP echo requests: -c COUNT, -W SECONDS, -i SECONDS; without -c until it is ended."""
    options, rest = parse_options(p.args, "c:W:w:i:4qn")
    if len(rest) != 1:
        raise BadUsage("usage: ping [-c COUNT] [-W SEC] HOST")
    count, wait = options.number("c", 0), float(options.get("W", "10"))
    network, own = p.container.network, p.container.config.network
    if not may_ping(own.ping_groups, p.credentials):
        return p.fail("permission denied (are you root?)")
    sent = received = 0
    while not count or sent < count:
        if sent:
            await p.kernel.sleep(float(options.get("i", "1")))
        try:
            address, echo = await network.ping(own, rest[0], wait)
        except UnknownHost:
            return p.fail(f"bad address '{rest[0]}'")
        if not sent:
            p.out(f"PING {rest[0]} ({address}): 56 data bytes\n")
        if echo.answered:
            received += 1
            p.out(f"64 bytes from {address}: seq={sent} ttl={64 - len(echo.hops)} time={_milliseconds(echo.seconds)} ms\n")
        sent += 1
    lost = 100 * (sent - received) // sent
    p.out(f"\n--- {rest[0]} ping statistics ---\n")
    p.out(f"{sent} packets transmitted, {received} packets received, {lost}% packet loss\n")
    return 0 if received else 1


def _milliseconds(seconds: float) -> str:
    return f"{max(seconds * 1000, 0.1):.3f}"


async def traceroute(p: Process) -> int:
    """Print the routers on the way to a host."""
    options, rest = parse_options(p.args, "nm:w:q:I")
    if not rest:
        raise BadUsage("usage: traceroute [-n] HOST")
    try:
        address, echo = await p.container.network.ping(p.container.config.network, rest[0], float(options.get("w", "3")))
    except UnknownHost:
        return p.fail(f"bad address '{rest[0]}'")
    p.out(f"traceroute to {rest[0]} ({address}), 30 hops max, 46 byte packets\n")
    for number, hop in enumerate(echo.hops, 1):
        p.out(f"{number:2d}  {hop}  {_milliseconds(0)} ms\n")
    p.out(f"{len(echo.hops) + 1:2d}  {f'{address}  {_milliseconds(echo.seconds)} ms' if echo.answered else '*'}\n")
    return 0


COMMANDS: dict[str, Program] = {
    "ip": ip, "ifconfig": ifconfig, "netstat": netstat, "ping": ping, "traceroute": traceroute,
}  # fmt: skip
