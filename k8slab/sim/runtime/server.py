"""Servers of the image catalogue: nginx, redis, agnhost netexec, chatter's parts; started, listening, stopped as data says.

A server is no process: it registers its sockets with the network, and its app function runs when somebody connects. The
fields of a server's description (an image file's ``programs``):

``app``         name of the app (see ``apps/``)
``ports``       numbers, or ``--option=8080`` / ``$VARIABLE=8080`` for a port the command line or environment may change,
                ``$PREFIX_*`` for every port N of which there is a variable ``PREFIX_N``
``udp-ports``   the same for datagrams; ``tls-ports`` those of the ports that speak TLS
``log``         text written at start; ``access-log`` a line per request
``delay``       seconds until it listens; ``crash`` ``{after, code, log}`` makes it fail
``requires-env`` ``{any, log}``: it fails without one of these variables
``writes``      ``{path, file, owner, log, chown-log}``: what it makes at start, and gives to a user, and says if it may not
``stop``        per signal name ``{code, delay, log}``; ``default`` for the others it handles
                with ``drain: N`` it closes its sockets at once, and ends when all requests under way are answered, or after N s
``memory``, ``cpu``  in use when idle; ``request-cpu`` seconds of CPU per request, ``request-memory`` kept by each (a leak)
``workers``     requests worked on at once, 1 unless said; the others wait; ``service-time: exponential`` draws the CPU time
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from errno import EACCES, EADDRINUSE, EPERM, EROFS
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.types import Object
from k8slab.sim.network.errors import Reset
from k8slab.sim.network.http import Request, Response
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.permissions import check_port
from k8slab.sim.runtime.process import SIGNALS, Output

if TYPE_CHECKING:
    from k8slab.sim.network.sockets import Connection
    from k8slab.sim.network.tls import Identity
    from k8slab.sim.runtime.container import Container

__all__ = ["SimulatedServer"]

_NOTHING = 0.001  #: seconds; an answer that takes less comes at once
_PORT_TAKEN = "listen tcp :{port}: bind: {error}\n"
_NAMES = {number: name for name, number in SIGNALS.items()}
_FIELD = re.compile(r"\{([a-z_]+)(?::([A-Za-z0-9_]+)(?:=([^}]*))?)?\}")
_TIME_FORMATS = {"time": "%d/%b/%Y:%H:%M:%S +0000", "date": "%Y/%m/%d %H:%M:%S", "iso": "%Y-%m-%dT%H:%M:%SZ"}


@lru_cache(maxsize=64)
def _moment(second: int, template: str) -> str:
    return datetime.fromtimestamp(second, UTC).strftime(template)


class TlsFront:
    """A server as it is on a port with TLS."""

    speaks_http = True

    def __init__(self, server: "SimulatedServer") -> None:
        self._server = server
        self.handle, self.accept, self.datagram = server.handle, server.accept, server.datagram

    @property
    def tls(self) -> "Identity | None":
        """The certificates it shows."""
        from k8slab.sim.runtime.apps import TLS_APPS

        return TLS_APPS[self._server.spec["app"]](self._server)


class SimulatedServer:
    """A running server.

    Parameters
    ----------
    container
        Where it runs.
    spec
        Its description.
    argv
        The command line.
    stdout, stderr
        Where its log goes.
    on_exit
        Called with the exit code.
    """

    __slots__ = (
        "_drained",
        "_exiting",
        "_on_exit",
        "answered",
        "argv",
        "container",
        "listening",
        "spec",
        "state",
        "stderr",
        "stdout",
        "udp",
        "under_way",
    )

    def __init__(
        self,
        container: "Container",
        spec: Object,
        argv: list[str],
        stdout: Output,
        stderr: Output,
        on_exit: Callable[[int], object],
    ) -> None:
        self.container, self.spec, self.argv, self.stdout, self.stderr = container, spec, argv, stdout, stderr
        self._on_exit = on_exit
        self._exiting = False
        self.listening: list[int] = []
        self.udp: list[int] = []  #: ports that it takes datagrams on
        self.state: dict[str, Any] = {}
        self.answered: dict[int, int] = {}  #: how many requests by status
        self.under_way = 0  #: requests that have no answer yet
        self._drained: int | None = None  #: the exit code, once it waits for the last answer

    @property
    def speaks_http(self) -> bool:
        """Whether the network hands over requests instead of connections."""
        return not self.spec.get("raw", False)

    @property
    def tls(self) -> None:
        """Plain text, except on ``tls-ports``."""
        return None

    @property
    def idle_cpu(self) -> int:
        """Millicores in use without load."""
        return milli_value(self.spec.get("cpu", "1m"))

    def start(self) -> None:
        """Write the first log lines and begin to listen, at once or after the start-up time."""
        self.log(self.spec.get("log", ""))
        self.container.claim_memory(value(self.spec.get("memory", "4Mi")))
        crash = self.spec.get("crash") or self._missing_settings() or self._unwritable()
        if crash is not None:
            self._later(crash.get("after", 0), self._crash, crash)
        self._later(self.spec.get("delay", 0) * self.container.config.delays, self._listen)

    def _later(self, seconds: float, callback: Callable[..., object], *args: Any) -> None:
        if seconds > 0:
            self.container.kernel.call_later(seconds, callback, *args)
        else:
            callback(*args)

    def _listen(self) -> None:
        network, ip = self.container.network, self.container.config.network.ip
        if self._exiting or self.container.state != "running":
            return
        ports = self._configured_ports()
        for port in ports:
            try:
                check_port(port, self.container.config.network.unprivileged_port_start, self.container.config.credentials)
                front = TlsFront(self) if port in self.spec.get("tls-ports", ()) else self
                network.listen(ip, port, front, container=self.container.config.name)
            except OSError as error:
                fields = {"port": str(port), "error": error.strerror or str(error), "errno": str(error.errno or EADDRINUSE)}
                self.log(self.spec.get("port-taken", _PORT_TAKEN), to_stderr=True, fields=fields)
                self.exit(1)
                return
            self.listening.append(port)
        for port in () if self._exiting else self.ports("udp-ports"):
            network.listen(ip, port, self, "UDP", container=self.container.config.name)
            self.udp.append(port)
        if not self._exiting:
            self.log(self.spec.get("ready-log", ""))

    def _missing_settings(self) -> Object | None:
        needed = self.spec.get("requires-env")
        if needed is None or any(self.container.environment().get(name) for name in needed["any"]):
            return None
        return {"log": needed["log"]}

    def _unwritable(self) -> Object | None:
        """Make the directories the server needs; only a container with less than root's rights is really looked at."""
        config = self.container.config
        needed: list[Object] = self.spec.get("writes") or []
        if not needed or (config.credentials.uid == 0 and not config.read_only_root and config.credentials.can("DAC_OVERRIDE")):
            return self._without_chown(needed)
        for entry in needed:
            try:
                self._prepare(entry)
            except FileError as error:
                number = {"Read-only file system": EROFS, "Permission denied": EACCES}.get(str(error), EPERM)
                return {"log": self.fill(entry["log"], {"path": entry["path"], "error": str(error), "errno": str(number)})}
        return self._without_chown(needed)

    def _without_chown(self, needed: list[Object]) -> Object | None:
        who = self.container.config.credentials
        given = next((entry for entry in needed if "owner" in entry), None)
        if given is None or who.uid != 0 or who.can("CHOWN"):
            return None
        fields = {"path": given["path"], "owner": str(given["owner"]), "error": "Operation not permitted", "errno": str(EPERM)}
        return {"log": self.fill(given["chown-log"], fields)}

    def _prepare(self, entry: Object) -> None:
        files = self.container.files
        if entry.get("file"):
            files.write(entry["path"], b"")
        else:
            files.make_directory(entry["path"], parents=files.exists(entry["path"]))

    def _crash(self, crash: Object) -> None:
        self.log(crash.get("log", ""), to_stderr=True)
        self.exit(crash.get("code", 1))

    def _configured_ports(self) -> list[int]:
        """Return the ports to open; nginx reads its configuration for that, and ends if it cannot."""
        if self.spec["app"] != "nginx":
            return self.ports()
        from k8slab.sim.runtime.apps import nginx

        try:
            config = nginx.configuration(self)
            if config is not None:
                nginx.check(self, config)
        except nginx.BadConfiguration as error:
            self.log("{date} [emerg] 1#1: {message}\nnginx: [emerg] {message}\n", to_stderr=True, fields={"message": str(error)})
            self.exit(1)
            return []
        self.state["configuration"] = config
        return self.ports() if config is None else config.ports()

    def ports(self, which: str = "ports") -> list[int]:
        """Return the ports it listens on, with what the command line and the environment say."""
        found = []
        for entry in self.spec.get(which) or ():
            if str(entry).endswith("*"):  # a variable for each port
                prefix = str(entry)[1:-1]
                names = [name.removeprefix(prefix) for name in self.container.environment() if name.startswith(prefix)]
                found += sorted(int(name) for name in names if name.isdigit())
                continue
            name, equals, default = str(entry).partition("=")
            found.append(int((self._setting(name, default) if equals else name).rpartition(":")[2]))
        return found

    def _setting(self, name: str, default: str) -> str:
        if name.startswith("$"):
            return self.container.environment().get(name[1:], default)
        return self.option(name, default)

    def option(self, name: str, default: str = "") -> str:
        """Return the value of a command line option, spelled ``--name=value`` or ``--name value``.

        A bare ``N`` as name means the first argument that is a number.
        """
        if name == "N":
            return next((a for a in self.argv[1:] if a.isdigit()), default)
        for word, following in zip(self.argv, [*self.argv[1:], ""], strict=True):
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
            if word == name:
                return following
        return default

    def log(self, text: str, *, to_stderr: bool = False, fields: dict[str, str] | None = None) -> None:
        """Write a template to the log."""
        if text:
            (self.stderr if to_stderr else self.stdout)(self.fill(text, fields).encode())

    def fill(self, text: str, fields: dict[str, str] | None = None) -> str:
        """Fill a template: ``{hostname}``, ``{ip}``, ``{time}``, ``{version}``, ``{env:NAME=default}``, ``fields``."""
        if "{" not in text:
            return text

        def replace(match: re.Match[str]) -> str:
            key, variable, default = match.groups()
            if key == "env":
                return self.container.environment().get(variable or "", default or "")
            return fields[key] if fields and key in fields else self._field(key, match[0])

        return _FIELD.sub(replace, text)

    def _field(self, key: str, unknown: str) -> str:
        network = self.container.config.network
        if key in _TIME_FORMATS:
            return _moment(int(self.container.kernel.now()), _TIME_FORMATS[key])
        known = {"hostname": network.hostname, "ip": network.ip, "version": self.container.config.image.version}
        return known.get(key, unknown)

    # --- what the network calls ---

    async def handle(self, request: Request) -> Response:
        """Answer a request and log it."""
        self.under_way += 1
        try:
            await self.work(self._needs())
            response = await self._respond(request)
        finally:
            self.under_way -= 1
            if self._drained is not None and not self.under_way:
                self.container.kernel.call_soon(self.exit, self._drained)
        if self.container.state != "running":
            raise Reset(self.container.config.network.ip, request.port, self.container.config.network.ip)
        self.answered[response.status] = self.answered.get(response.status, 0) + 1
        if "request-memory" in self.spec:
            self.container.claim_memory(value(self.spec["request-memory"]))
        if "access-log" in self.spec:
            more = {"client": request.client_ip, "request": f"{request.method} {request.target} HTTP/1.1"}
            more |= {
                "status": str(response.status),
                "size": str(len(response.body)),
                "agent": request.headers.get("user-agent", "-"),
            }
            self.log(self.spec["access-log"], fields=more)
        return response

    async def _respond(self, request: Request) -> Response:
        from k8slab.sim.runtime.apps import APPS

        try:
            return await APPS[self.spec["app"]](self, request)
        except FileError as error:  # what a real server's open() or read() would have failed with
            self.log(
                self.spec.get("error-log", ""), to_stderr=True, fields={"message": f'read() "{request.path}" failed ({error})'}
            )
            return Response(500, b"500 Internal Server Error\n", {"Content-Type": "text/plain"})

    def _needs(self) -> float:
        seconds = float(self.spec.get("request-cpu", 0.0002))
        return (
            self.container.kernel.random.expovariate(1 / seconds) if self.spec.get("service-time") == "exponential" else seconds
        )

    async def work(self, seconds: float) -> None:
        """Use so much CPU time, after those that came before; it takes as long as share and limit make it."""
        container = self.container
        finish = container.cpu.serve(seconds, int(self.spec.get("workers", 1)))
        if finish - container.kernel.now() >= _NOTHING:
            await container.kernel.sleep(finish - container.kernel.now())

    async def accept(self, connection: "Connection") -> None:
        """Serve a raw connection."""
        from k8slab.sim.runtime.apps import RAW_APPS

        await RAW_APPS[self.spec["app"]](self, connection)
        connection.close()

    async def datagram(self, data: bytes, client_ip: str) -> bytes | None:
        """Answer a datagram to one of the ``udp-ports``."""
        from k8slab.sim.runtime.apps import DATAGRAM_APPS

        await self.work(self._needs())
        return await DATAGRAM_APPS[self.spec["app"]](self, data, client_ip)

    # --- the end ---

    def signal_handler(self, number: int) -> bool:
        """Take a signal; return whether the server handles it."""
        return self.signal(number)

    def signal(self, number: int) -> bool:
        """Stop as the description says for this signal; False if it does not listen to it."""
        stop = self.spec.get("stop") or {"default": {}}
        answer = stop.get(_NAMES.get(number, ""), stop.get("default"))
        if answer is None or number in (SIGNALS["USR1"], SIGNALS["USR2"], SIGNALS["HUP"]):
            return False
        if not self._exiting:
            self._exiting = True
            self.log(answer.get("log", ""))
            if answer.get("drain") and self.under_way:
                self._drained = answer.get("code", 0)
                self.close()
                self.container.kernel.call_later(answer["drain"], self.exit, self._drained)
                return True
            self._later(answer.get("delay", 0), self.exit, answer.get("code", 0))
        return True

    def exit(self, code: int) -> None:
        """End."""
        self.close()
        self._on_exit(code)

    def close(self) -> None:
        """Close the sockets, for good."""
        self._exiting = True
        for port in self.listening:
            self.container.network.unlisten(self.container.config.network.ip, port)
        for port in self.udp:
            self.container.network.unlisten(self.container.config.network.ip, port, "UDP")
        self.listening, self.udp = [], []
