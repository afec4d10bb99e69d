"""chatter's parts as a real program, for clusters with real containers; nothing but Python's standard library.

The embedded cluster simulates the same (k8slab/sim/runtime/apps/chatter.py), and a test holds both against one another.
Which part it is stands in the first argument: web, gateway, rooms or history.
"""

import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PART = sys.argv[1] if len(sys.argv) > 1 else "web"
VERSION = os.environ.get("CHATTER_VERSION", "1.0")
NAME = f"chatter-{PART}"
DATA = Path(os.environ.get("DATA_DIR", "/data"))
LOCK = threading.Lock()
ROOMS: Counter[str] = Counter()
ANSWERED: Counter[int] = Counter()
COUNTING = threading.Lock()  # requests are answered by a thread each
STATE = {"ready": True, "under way": 0}

Answer = tuple[int, object]
NOT_FOUND: Answer = (404, {"error": "not found"})


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def forward(request: "Request", variable: str, default: str, path: str) -> Answer:
    """Ask another part; its silence is this part's 502."""
    url = os.environ.get(variable, default).rstrip("/") + path + (f"?{request.url.query}" if request.url.query else "")
    given = {"X-Message-Id": request.headers["X-Message-Id"]} if "X-Message-Id" in request.headers else {}
    asked = urllib.request.Request(url, request.body or None, given, method=request.command)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        print(f"error: {url}: {reason}", file=sys.stderr, flush=True)
        return 502, {"error": f"{url}: {reason}"}


def dependencies() -> bool:
    """Whether everything in $READY_REQUIRES says that it is ready."""
    for url in os.environ.get("READY_REQUIRES", "").split():
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except (OSError, http.client.HTTPException):
            return False
    return True


def work(seconds: float) -> None:
    """Use so much of a CPU."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def common(request: "Request") -> Answer | None:
    """Answer what all parts have in common; None if it is none of that."""
    identity = {"app": NAME, "version": VERSION, "hostname": socket.gethostname()}
    match request.command, request.url.path:
        case _, "/version":
            return 200, identity
        case _, "/healthz":
            return 200, {"status": "ok"}
        case _, "/readyz":
            ready = STATE["ready"] and dependencies()
            return (200, {"status": "ready"}) if ready else (503, {"status": "not ready"})
        case "POST", "/ready" | "/unready":
            STATE["ready"] = request.url.path == "/ready"
            return 200, {"ready": STATE["ready"]}
        case "POST", "/crash":
            print("fatal: asked to crash", file=sys.stderr, flush=True)
            request.last = True
            return 200, {"status": "crashing"}
        case _, "/work":
            seconds = min(10.0, int(parse_qs(request.url.query).get("ms", ["50"])[0]) / 1000)
            work(seconds)
            return 200, {"worked": seconds, **identity}
        case "GET", "/metrics":
            return 200, metrics().encode()
    return None


def metrics() -> str:
    """Say in Prometheus' form how many requests were answered and how many wait."""
    lines = ["# HELP http_requests_total Requests answered, by status code.", "# TYPE http_requests_total counter"]
    with COUNTING:
        lines += [f'http_requests_total{{code="{code}"}} {count}' for code, count in sorted(ANSWERED.items())]
    lines += ["# HELP chatter_connections Connections that wait for an answer.", "# TYPE chatter_connections gauge"]
    return "\n".join([*lines, f"chatter_connections {STATE['under way'] - 1}", ""])


def web(request: "Request") -> Answer:
    """Serve the page, and hand /api/ on to the gateway."""
    if request.url.path.startswith("/api/"):
        return forward(request, "GATEWAY_URL", "http://gateway:8080", request.url.path[4:])
    if request.url.path != "/":
        return NOT_FOUND
    page = f"<!doctype html>\n<title>chatter</title>\n<h1>{os.environ.get('GREETING', 'Welcome to chatter')}</h1>\n"
    return 200, f"{page}<p>chatter web {VERSION}, served by {socket.gethostname()}</p>\n".encode()


def gateway(request: "Request") -> Answer:
    """Take messages: tell rooms, keep them in history, read them back from there."""
    parts, path = request.parts, request.url.path
    if parts == ["rooms"]:
        return forward(request, "ROOMS_URL", "http://rooms:8080", "/rooms")
    if len(parts) != 3 or parts[0] != "rooms" or parts[2] != "messages":
        return NOT_FOUND
    if request.command == "POST":
        counted = forward(request, "ROOMS_URL", "http://rooms:8080", path)
        if counted[0] >= 400:
            return counted
    return forward(request, "HISTORY_URL", "http://history:8080", path)


def rooms(request: "Request") -> Answer:
    """Count messages per room, in memory: gone when the container restarts."""
    if request.parts == ["rooms"]:
        with LOCK:
            return 200, dict(ROOMS)
    if request.command == "POST" and len(request.parts) == 3:
        name = request.parts[1]
        with LOCK:
            ROOMS[name] += 1
            return 201, {"room": name, "messages": ROOMS[name]}
    return NOT_FOUND


def history(request: "Request") -> Answer:
    """Keep messages in $DATA_DIR/<room>.jsonl: as durable as the volume there."""
    if request.parts == ["stats"]:
        with LOCK:
            entries = [json.loads(line) for file in DATA.glob("*.jsonl") for line in file.read_text().splitlines()]
        ids = [entry["id"] for entry in entries if "id" in entry]
        return 200, {"stored": len(entries), "duplicates": len(ids) - len(set(ids))}
    if len(request.parts) != 3:
        return NOT_FOUND
    file = DATA / f"{Path(request.parts[1]).name}.jsonl"
    if request.command == "POST":
        entry = {"time": now(), "text": request.body.decode("utf-8", "replace")}
        if "X-Message-Id" in request.headers:
            entry["id"] = request.headers["X-Message-Id"]
        try:
            DATA.mkdir(parents=True, exist_ok=True)
            with LOCK, file.open("a") as messages:
                messages.write(json.dumps(entry) + "\n")
        except OSError as error:
            return 500, {"error": f"cannot write {file}: {str(error.strerror).lower()}"}
        return 201, entry
    with LOCK:
        return 200, [json.loads(line) for line in (file.read_text().splitlines() if file.exists() else [])[-100:]]


class Request(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    last = False  # whether the program ends as soon as this one is answered

    def do_GET(self) -> None:
        """Answer, and write a line about it."""
        with COUNTING:
            STATE["under way"] += 1
        try:
            self.url = urlsplit(self.path)
            self.parts = self.url.path.strip("/").split("/")
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = common(self) or PARTS[PART](self)
            data = body if isinstance(body, bytes) else (json.dumps(body) + "\n").encode()
            kind = "application/json"
            if isinstance(body, bytes):
                kind = "text/html; charset=utf-8" if data.startswith(b"<!doctype") else "text/plain; version=0.0.4"
            with COUNTING:
                ANSWERED[status] += 1
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            if self.last:
                os._exit(1)
            print(f'{now()} {self.client_address[0]} "{self.command} {self.path}" {status}', flush=True)
        finally:
            with COUNTING:
                STATE["under way"] -= 1

    do_POST = do_PUT = do_DELETE = do_GET


PARTS = {"web": web, "gateway": gateway, "rooms": rooms, "history": history}


def main() -> None:
    """Listen until SIGTERM; what is under way then has ten seconds."""
    print(f"{now()} {NAME} {VERSION} starts", flush=True)
    if VERSION == "2.1":
        sys.exit("fatal: cannot read /etc/chatter/config.yaml: no such file or directory")
    time.sleep({"1.3": 3, "2.2": 30}.get(VERSION, 0))
    port = int(os.environ.get("PORT", "8080"))
    server = ThreadingHTTPServer(("", port), Request)

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    print(f"{now()} {NAME} {VERSION} listens on {port}", flush=True)
    server.serve_forever(poll_interval=0.05)
    end = time.monotonic() + 10
    while STATE["under way"] and time.monotonic() < end:
        time.sleep(0.05)
    print(f"{now()} {NAME} stops", flush=True)


if __name__ == "__main__":
    main()
