"""nginx with a configuration of one's own: server, listen, location, root, alias, index, return, proxy_pass, upstream.

Most nginx containers keep the configuration of the image and are plain file servers (`static`). One that has files mounted below
/etc/nginx is read here, with nginx's own complaints about mistakes. Other directives are accepted and have no effect.
"""

import posixpath
import re
from dataclasses import dataclass, field

from k8slab.sim.network.errors import ConnectError, TimedOut
from k8slab.sim.network.http import Request, Response, parse_url
from k8slab.sim.runtime.apps import static
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["BadConfiguration", "Server", "check", "configuration", "parse", "serve"]

_TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"])*"|'(?:\\.|[^'])*'|[{};]|[^\s{};]+""")
_DIRECTORY = "/etc/nginx"


class BadConfiguration(Exception):
    """nginx would not start with this file; the text is its message."""


@dataclass
class Block:
    """A directive, with what is in its braces if it has any."""

    name: str
    args: list[str] = field(default_factory=list)
    line: int = 0
    inner: "list[Block] | None" = None

    def all(self, name: str) -> "list[Block]":
        """Return the directives of a name inside."""
        return [b for b in self.inner or () if b.name == name]

    def value(self, name: str) -> str | None:
        """Return the first argument of a directive inside."""
        return next((b.args[0] for b in self.all(name) if b.args), None)


@dataclass
class Server:
    """What the configuration says: servers by port, and upstream groups."""

    servers: list[Block]
    upstreams: dict[str, list[str]]

    def ports(self) -> list[int]:
        """Return the ports to listen on."""
        return sorted({_port(b) for server in self.servers for b in server.all("listen")} or {80})


def _port(listen: Block) -> int:
    return int(listen.args[0].rpartition(":")[2].strip("[]") or 80)


def parse(text: str, file: str) -> list[Block]:
    """Read a configuration file.

    Raises
    ------
    BadConfiguration
        With nginx's wording.

    Examples
    --------
    >>> [b.name for b in parse("server { listen 80; }", "x.conf")[0].inner]
    ['listen']
    """
    stack: list[list[Block]] = [[]]
    words: list[str] = []
    line = 1
    for match in _TOKEN.finditer(text):
        line, token = text.count("\n", 0, match.start()) + 1, match[0]
        if token.startswith("#"):
            continue
        if token == "}":
            if words or len(stack) == 1:
                raise BadConfiguration(f'unexpected "}}" in {file}:{line}')
            stack.pop()
        elif token in "{;":
            if not words:
                raise BadConfiguration(f'unexpected "{token}" in {file}:{line}')
            block = Block(words[0], words[1:], line, [] if token == "{" else None)
            stack[-1].append(block)
            words = []
            if block.inner is not None:
                stack.append(block.inner)
        else:
            words.append(token[1:-1] if token[0] in "\"'" else token)
    if words or len(stack) > 1:
        raise BadConfiguration(f'unexpected end of file, expecting "{";" if words else "}"}" in {file}:{line}')
    return stack[0]


def configuration(server: SimulatedServer) -> Server | None:
    """Return the configuration in force, None if it is that of the image.

    Raises
    ------
    BadConfiguration
        If it cannot be read.
    """
    container = server.container
    if not container.changed(_DIRECTORY):
        return None
    main = container.mounted_file(f"{_DIRECTORY}/nginx.conf") or b"http { include /etc/nginx/conf.d/*.conf; }"
    blocks = [b for http in parse(main.decode(), f"{_DIRECTORY}/nginx.conf") if http.name == "http" for b in http.inner or ()]
    for include in [b for b in blocks if b.name == "include"]:
        for path in container.files.glob(include.args[0], "/"):
            if path.endswith(".conf"):
                blocks += parse(container.files.read(path).decode(), path)
    upstreams = {b.args[0]: [s.args[0] for s in b.all("server")] for b in blocks if b.name == "upstream" and b.args}
    return Server([b for b in blocks if b.name == "server"], upstreams)


def check(server: SimulatedServer, config: Server) -> None:
    """Resolve every name that requests are passed on to, as nginx does when it starts.

    Raises
    ------
    BadConfiguration
        If one is unknown: the classic reason of a crash-looping proxy.
    """
    network, source = server.container.network, server.container.config.network
    for block in (p for s in config.servers for place in (s, *s.all("location")) for p in place.all("proxy_pass")):
        host = parse_url(block.args[0]).host
        for name in [parse_url(target).host for target in config.upstreams.get(host, [host])]:
            known = name == "localhost" or name.replace(".", "").isdigit() or "$" in name or name in source.hosts
            if not known and not any(network.dns.query(c).addresses for c in source.resolv.candidates(name)):
                raise BadConfiguration(f'host not found in upstream "{name}" in {_DIRECTORY}/conf.d/default.conf:{block.line}')


async def serve(server: SimulatedServer, request: Request) -> Response:
    """Answer by the configuration."""
    config: Server | None = server.state.get("configuration")
    if config is None:
        return await static.files(server, request)
    chosen = next((s for s in config.servers if request.port in [_port(b) for b in s.all("listen")] or not s.all("listen")), None)
    if chosen is None:
        return static.error_page(404, server)
    place = _location(chosen, request.path)
    for scope in (place, chosen):
        if scope is not None and scope.value("return") is not None:
            return _returned(server, scope.all("return")[0].args, request)
    if place is not None and place.value("proxy_pass"):
        return await _passed_on(server, config, place, request)
    root = (place and place.value("root")) or chosen.value("root") or server.spec["root"]
    alias = place.value("alias") if place is not None else None
    if alias is not None and place is not None:
        request.path = posixpath.join("/", request.path.removeprefix(place.args[-1]).lstrip("/"))
    return await static.files(server, request, alias or root)


def _location(server: Block, path: str) -> Block | None:
    """Return the location for a path: exact, then regular expressions in order, then the longest prefix."""
    places = server.all("location")
    exact = next((p for p in places if p.args[0] == "=" and p.args[-1] == path), None)
    matching = (p for p in places if p.args[0] in ("~", "~*") and re.search(p.args[-1], path, re.I if p.args[0] == "~*" else 0))
    prefixes = [p for p in places if p.args[0] not in ("=", "~", "~*") and path.startswith(p.args[-1])]
    return exact or next(matching, None) or max(prefixes, key=lambda p: len(p.args[-1]), default=None)


def _variables(server: SimulatedServer, text: str, request: Request) -> str:
    values = {"hostname": server.container.config.network.hostname, "request_uri": request.target, "uri": request.path}
    values |= {"remote_addr": request.client_ip, "host": request.headers.get("host", ""), "args": request.query}
    return re.sub(r"\$(\w+)", lambda m: values.get(m[1], m[0]), text)


def _returned(server: SimulatedServer, args: list[str], request: Request) -> Response:
    status = int(args[0]) if args[0].isdigit() else 302
    text = _variables(server, " ".join(args[1:] if args[0].isdigit() else args), request)
    if status in (301, 302, 303, 307, 308):
        return Response(status, b"", {"Location": text})
    if not text and status >= 400:
        return static.error_page(status, server)
    return Response(status, text.replace("\\n", "\n").encode(), {"Content-Type": "text/plain"})


async def _passed_on(server: SimulatedServer, config: Server, place: Block, request: Request) -> Response:
    container = server.container
    target = _variables(server, place.value("proxy_pass") or "", request)
    url = parse_url(target)
    group = config.upstreams.get(url.host)
    base = target.replace(url.host, container.kernel.random.choice(group), 1) if group else target
    has_path = target.partition("://")[2].count("/") > 0
    path = url.path.rstrip("/") + "/" + request.path.removeprefix(place.args[-1]).lstrip("/") if has_path else request.path
    full = base.rstrip("/") if not has_path else base[: len(base) - len(url.path)]
    query = f"?{request.query}" if request.query else ""
    headers = {"X-Forwarded-For": request.client_ip}
    try:
        return await container.network.http(
            container.config.network, request.method, full + path + query, headers, request.body, 60
        )
    except ConnectError as error:
        failure = f"upstream failed ({error.text}) while connecting to upstream, client: {request.client_ip}, upstream: {target}"
        server.log(server.spec.get("error-log", ""), to_stderr=True, fields={"message": failure})
        return static.error_page(504 if isinstance(error, TimedOut) else 502, server)
