"""nslookup, dig, host, getent: questions to cluster DNS."""

from k8slab.sim.network.dns import Answer
from k8slab.sim.network.errors import ConnectError, NameserverTimeout, UnknownHost
from k8slab.sim.runtime.process import BadUsage, Process, Program

__all__ = ["COMMANDS"]

_TIMED_OUT = ";; connection timed out; no servers could be reached"


def _reverse(name: str) -> str:
    return ".".join(reversed(name.split("."))) + ".in-addr.arpa"


def _is_address(name: str) -> bool:
    return name.count(".") == 3 and name.replace(".", "").isdigit()


async def _ask(p: Process, name: str, type: str, server: str, search: bool) -> tuple[str, Answer]:
    """Ask along the search path; return the name that gave an answer, or the last one tried."""
    source = p.container.config.network
    candidates = source.resolv.candidates(name) if search else [name.rstrip(".")]
    for candidate in candidates:
        answer = await p.container.network.lookup(source, candidate, type, server)
        if answer.records:
            return candidate, answer
    return candidate, answer


async def nslookup(p: Process) -> int:
    """Ask for a name; -type=TYPE, and the server after the name."""
    args = [a for a in p.args if not a.startswith("-")]
    types = [a.partition("=")[2].upper() for a in p.args if a.startswith(("-type=", "-query=", "-q="))]
    if not args:
        raise BadUsage("usage: nslookup [-type=QUERY_TYPE] HOST [DNS_SERVER]")
    nameservers = p.container.config.network.resolv.nameservers
    server = args[1] if len(args) > 1 else nameservers[0] if nameservers else "127.0.0.1"
    name, type = (_reverse(args[0]), "PTR") if _is_address(args[0]) else (args[0], types[0] if types else "A")
    try:
        if not _is_address(server):
            server = await p.container.network.resolve(p.container.config.network, server)
        found, answer = await _ask(p, name, type, server, search=type != "PTR")
    except NameserverTimeout as error:
        if error.refused:
            p.err(f"nslookup: write to '{server}': Connection refused\n")
        p.out(f"{_TIMED_OUT}\n\n")
        return 1
    except UnknownHost as error:
        return p.fail(f"bad address '{error.host}'")
    p.out(f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    if answer.rcode != "NOERROR":
        p.out(f"** server can't find {found}: {answer.rcode}\n\n")
        return 1
    p.out("".join(_nslookup_line(r.name, r.type, r.value) for r in answer.records) + "\n")
    return 0


def _nslookup_line(name: str, type: str, value: str) -> str:
    words = {
        "CNAME": f"{name}\tcanonical name = {value}\n",
        "PTR": f"{name}\tname = {value}\n",
        "SRV": f"{name}\tservice = {value}\n",
    }
    return words.get(type, f"Name:\t{name}\nAddress: {value}\n")


async def dig(p: Process) -> int:
    """Ask for one full name; +short, +search, @server, -x."""
    server = next((a[1:] for a in p.args if a.startswith("@")), "")
    words = [a for a in p.args if a[0] not in "@+-"]
    if not words:
        raise BadUsage("a name is needed")
    type = next((w.upper() for w in words[1:] if w.upper() in ("A", "SRV", "CNAME", "PTR", "AAAA")), "A")
    name, type = (_reverse(words[0]), "PTR") if "-x" in p.args else (words[0], type)
    try:
        found, answer = await _ask(p, name, type, server, "+search" in p.args)
    except NameserverTimeout:
        p.out(f"{_TIMED_OUT}\n")
        return 9
    if "+short" in p.args:
        p.out("".join(f"{r.value}{'' if r.type == 'A' else '.'}\n" for r in answer.records))
        return 0
    p.out(f";; ->>HEADER<<- opcode: QUERY, status: {answer.rcode}\n\n;; QUESTION SECTION:\n;{found}.\t\tIN\t{type}\n\n")
    lines = "".join(f"{r.name}.\t30\tIN\t{r.type}\t{r.value}{'' if r.type == 'A' else '.'}\n" for r in answer.records)
    p.out(f";; ANSWER SECTION:\n{lines}\n" if lines else "")
    return 0


async def host(p: Process) -> int:
    """Ask for the addresses of a name."""
    try:
        found, answer = await _ask(p, p.args[0], "A", "", search=True)
    except NameserverTimeout:
        p.out(f"{_TIMED_OUT}\n")
        return 1
    if not answer.records:
        p.out(f"Host {p.args[0]} not found: 3({answer.rcode})\n")
        return 1
    p.out("".join(f"{found} has address {ip}\n" for ip in answer.addresses))
    return 0


async def getent(p: Process) -> int:
    """Resolve a name as programs do: ``getent hosts NAME``."""
    if len(p.args) != 2 or p.args[0] not in ("hosts", "ahosts", "ahostsv4"):
        raise BadUsage("only getent hosts NAME is simulated")
    try:
        ip = await p.container.network.resolve(p.container.config.network, p.args[1])
    except ConnectError:
        return 2
    p.out(f"{ip:15s} {p.args[1]}\n")
    return 0


COMMANDS: dict[str, Program] = {"nslookup": nslookup, "dig": dig, "host": host, "getent": getent}
