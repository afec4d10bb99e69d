"""Half an API server in a hundred lines: discovery, list, watch, get, for tests of what only reads.

It can do what a real one will not do on demand: forget its history (410), drop its watchers, go away and come back.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]

DISCOVERY: dict[str, list[tuple[str, str, list[tuple[str, str, str, bool, list[str]]]]]] = {
    "/api": [("", "v1", [
        ("pods", "pod", "Pod", True, ["po"]), ("nodes", "node", "Node", False, ["no"]),
        ("events", "event", "Event", True, ["ev"]), ("configmaps", "configmap", "ConfigMap", True, ["cm"]),
    ])],
    "/apis": [("apps", "v1", [
        ("deployments", "deployment", "Deployment", True, ["deploy"]), ("replicasets", "replicaset", "ReplicaSet", True, ["rs"]),
    ])],
}  # fmt: skip


def discovery(root: str) -> Object:
    items = [
        {"metadata": {"name": group} if group else {}, "versions": [{"version": version, "resources": [
            {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced" if namespaced else "Cluster",
             "singularResource": singular, "shortNames": short}
            for plural, singular, kind, namespaced, short in resources]}]}
        for group, version, resources in DISCOVERY[root]
    ]  # fmt: skip
    return {"kind": "APIGroupDiscoveryList", "items": items}


class FakeApi:
    """Serves objects put into it, over plain HTTP on loopback."""

    def __init__(self, port: int = 0) -> None:
        self.revision = 10
        self.objects: dict[tuple[str, str], Object] = {}
        self.history: list[tuple[int, str, str, Object]] = []
        self.changed = threading.Condition()
        self.epoch = 0  # raising it ends all watches
        self.stopped = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.serve(self)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.stopped = True
        self.end_watches()
        self.server.shutdown()
        self.server.server_close()

    def end_watches(self) -> None:
        with self.changed:
            self.epoch += 1
            self.changed.notify_all()

    def forget_history(self) -> None:
        with self.changed:
            self.revision += 10
            self.history = [(self.revision, "", "", {})]

    def put(self, plural: str, obj: Object) -> None:
        with self.changed:
            self.revision += 1
            meta = obj["metadata"]
            meta["resourceVersion"] = str(self.revision)
            key = (plural, f"{meta.get('namespace', '')}/{meta['name']}")
            self.history.append((self.revision, plural, "MODIFIED" if key in self.objects else "ADDED", obj))
            self.objects[key] = obj
            self.changed.notify_all()

    def remove(self, plural: str, name: str, namespace: str = "") -> None:
        with self.changed:
            self.revision += 1
            obj = self.objects.pop((plural, f"{namespace}/{name}"))
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
            self.history.append((self.revision, plural, "DELETED", obj))
            self.changed.notify_all()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        if self.stopped:
            request.close_connection = True
            return None
        url = urlsplit(request.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path in DISCOVERY:
            return self.answer(request, 200, discovery(url.path))
        plural = url.path.rsplit("/", 1)[-1]
        group = url.path.split("/")[2] if url.path.startswith("/apis/") else ""
        if not any(plural == r[0] for groups in DISCOVERY.values() for g in groups for r in g[2] if g[0] == group):
            message = f"{plural} not found"
            return self.answer(request, 404, {"kind": "Status", "code": 404, "reason": "NotFound", "message": message})
        if query.get("watch"):
            return self.watch(request, plural, int(query["resourceVersion"]))
        with self.changed:
            items = [o for (p, _), o in self.objects.items() if p == plural]
            return self.answer(request, 200, {"metadata": {"resourceVersion": str(self.revision)}, "items": items})

    def answer(self, request: BaseHTTPRequestHandler, status: int, body: Object) -> None:
        data = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def watch(self, request: BaseHTTPRequestHandler, plural: str, since: int) -> None:
        if self.history and since < self.history[0][0] - 1:
            return self.answer(request, 410, {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        try:
            for event in self.events(plural, since):
                line = json.dumps(event).encode() + b"\n"
                request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                request.wfile.flush()
            request.wfile.write(b"0\r\n\r\n")
        except OSError:
            request.close_connection = True

    def events(self, plural: str, since: int) -> Iterator[Object]:
        epoch = self.epoch
        while self.epoch == epoch:
            with self.changed:
                new = [h for h in self.history if h[0] > since and h[1] == plural]
                if not new:
                    self.changed.wait(0.5)
            for revision, _, kind, obj in new:
                since = revision
                yield {"type": kind, "object": obj}
