"""chatter, the running example of the labs: a small real-time chat application in five services.

``web`` is the front end, ``gateway`` takes the messages, ``rooms`` counts who says how much where (in memory), ``history``
keeps the messages (in a file), and ``bot`` (a shell script in its image) talks. All of them answer /version, /healthz and
/readyz, use CPU on /work?ms=50, stop being ready on POST /unready and crash on POST /crash, so that lessons can make things
go wrong; /metrics says in Prometheus' form how many requests they have answered and how many wait.
/readyz asks the URLs in $READY_REQUIRES too.

A message has an id (header X-Message-Id). ``history`` writes every message that it gets, also one that somebody sends again, and
tells on /stats how many it has and how many of them twice; the bot's log says how many it sent: what is missing was lost.
"""

import json
from typing import Any

from k8slab.sim.exposition import CONTENT_TYPE, Family, Labels, text
from k8slab.sim.network.errors import ConnectError
from k8slab.sim.network.http import Request, Response
from k8slab.sim.runtime.filesystem import FileError
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["gateway", "history", "rooms", "web"]


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, (json.dumps(value) + "\n").encode(), {"Content-Type": "application/json"})


async def _common(server: SimulatedServer, request: Request) -> Response | None:
    """Answer what all parts have in common; None if it is none of that."""
    identity = {"app": server.spec["name"], "version": server.container.config.image.version}
    identity["hostname"] = server.container.config.network.hostname
    match request.method, request.path:
        case _, "/version":
            return _json(identity)
        case _, "/healthz":
            return _json({"status": "ok"})
        case _, "/readyz":
            ready = server.state.get("ready", True) and await _dependencies(server)
            return _json({"status": "ready" if ready else "not ready"}, 200 if ready else 503)
        case "POST", "/ready" | "/unready":
            server.state["ready"] = request.path == "/ready"
            return _json({"ready": server.state["ready"]})
        case "POST", "/crash":
            server.log("fatal: asked to crash\n", to_stderr=True)
            server.container.kernel.call_soon(server.exit, 1)
            return _json({"status": "crashing"})
        case _, "/work":
            seconds = min(10.0, int(request.argument("ms", "50")) / 1000)
            await server.work(seconds)
            return _json({"worked": seconds, **identity})
        case "GET", "/metrics":
            return Response(200, text(_families(server)).encode(), {"Content-Type": CONTENT_TYPE})
    return None


def _families(server: SimulatedServer) -> list[Family]:
    counts: dict[Labels, float] = {(("code", str(code)),): float(count) for code, count in server.answered.items()}
    held: dict[Labels, float] = {(): float(server.under_way - 1)}  # all but the request for these metrics
    return [
        Family("http_requests_total", "counter", "Requests answered, by status code.", counts),
        Family("chatter_connections", "gauge", "Connections that wait for an answer.", held),
    ]


async def _dependencies(server: SimulatedServer) -> bool:
    """Whether everything in $READY_REQUIRES says that it is ready."""
    container = server.container
    for url in container.environment().get("READY_REQUIRES", "").split():
        try:
            response = await container.network.http(container.config.network, "GET", url, {}, b"", 1)
        except ConnectError:
            return False
        if response.status >= 400:
            return False
    return True


async def _forward(server: SimulatedServer, request: Request, base: str, path: str) -> Response:
    """Ask another part; its silence is this part's 502."""
    url = base.rstrip("/") + path + (f"?{request.query}" if request.query else "")
    try:
        own, given = server.container.config.network, {k: v for k, v in request.headers.items() if k == "x-message-id"}
        return await server.container.network.http(own, request.method, url, given, request.body, 5)
    except ConnectError as error:
        server.log(f"error: {url}: {error.text}\n", to_stderr=True)
        return _json({"error": f"{url}: {error.text}"}, 502)


async def web(server: SimulatedServer, request: Request) -> Response:
    """Serve the page, and hand /api/ on to the gateway ($GATEWAY_URL)."""
    found = await _common(server, request)
    if found is not None:
        return found
    if request.path.startswith("/api/"):
        return await _forward(server, request, server.fill("{env:GATEWAY_URL=http://gateway:8080}"), request.path[4:])
    if request.path != "/":
        return _json({"error": "not found"}, 404)
    greeting = server.fill("{env:GREETING=Welcome to chatter}")
    page = f"<!doctype html>\n<title>chatter</title>\n<h1>{greeting}</h1>\n"
    page += server.fill("<p>chatter web {version}, served by {hostname}</p>\n")
    return Response(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


async def gateway(server: SimulatedServer, request: Request) -> Response:
    """Take /rooms/<room>/messages: tell rooms ($ROOMS_URL), keep it in history ($HISTORY_URL), read it back from there."""
    found = await _common(server, request)
    if found is not None:
        return found
    parts = request.path.strip("/").split("/")
    if parts == ["rooms"]:
        return await _forward(server, request, server.fill("{env:ROOMS_URL=http://rooms:8080}"), "/rooms")
    if len(parts) != 3 or parts[0] != "rooms" or parts[2] != "messages":
        return _json({"error": "not found"}, 404)
    if request.method == "POST":
        counted = await _forward(server, request, server.fill("{env:ROOMS_URL=http://rooms:8080}"), request.path)
        if counted.status >= 400:
            return counted
    return await _forward(server, request, server.fill("{env:HISTORY_URL=http://history:8080}"), request.path)


async def rooms(server: SimulatedServer, request: Request) -> Response:
    """Count messages per room, in memory: gone when the container restarts."""
    found = await _common(server, request)
    if found is not None:
        return found
    counts: dict[str, int] = server.state.setdefault("rooms", {})
    parts = request.path.strip("/").split("/")
    if parts == ["rooms"]:
        return _json(counts)
    if request.method == "POST" and len(parts) == 3:
        counts[parts[1]] = counts.get(parts[1], 0) + 1
        return _json({"room": parts[1], "messages": counts[parts[1]]}, 201)
    return _json({"error": "not found"}, 404)


async def history(server: SimulatedServer, request: Request) -> Response:
    """Keep messages in $DATA_DIR/<room>.jsonl: as durable as the volume there."""
    found = await _common(server, request)
    if found is not None:
        return found
    parts = request.path.strip("/").split("/")
    files, directory = server.container.files, server.fill("{env:DATA_DIR=/data}")
    if parts == ["stats"]:
        return _json(_stats(server, directory))
    if len(parts) != 3:
        return _json({"error": "not found"}, 404)
    path = f"{directory}/{parts[1]}.jsonl"
    if request.method == "POST":
        given = request.headers.get("x-message-id")
        entry = {"time": server.fill("{iso}"), "text": request.body.decode("utf-8", "replace")} | ({"id": given} if given else {})
        try:
            files.make_directory(directory, parents=True)
            files.write(path, (json.dumps(entry) + "\n").encode(), append=True)
        except FileError as error:
            return _json({"error": f"cannot write {path}: {str(error).lower()}"}, 500)
        return _json(entry, 201)
    lines = files.read(path).decode().splitlines() if files.exists(path) else []
    return _json([json.loads(line) for line in lines[-100:]])


def _stats(server: SimulatedServer, directory: str) -> dict[str, int]:
    """Count the stored messages, and those of them that were stored before under the same id."""
    files, stored, ids = server.container.files, 0, []
    for name in files.names(directory) if files.exists(directory) else ():
        if name.endswith(".jsonl"):
            entries = [json.loads(line) for line in files.read(f"{directory}/{name}").decode().splitlines()]
            stored += len(entries)
            ids += [entry["id"] for entry in entries if "id" in entry]
    return {"stored": stored, "duplicates": len(ids) - len(set(ids))}
