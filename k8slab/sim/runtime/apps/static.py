"""Web servers: files from a directory (nginx, httpd), a directory listing (python -m http.server), a fixed text, an echo."""

import json
import posixpath

from k8slab.sim.network.http import PHRASES, Request, Response
from k8slab.sim.runtime.filesystem import Directory
from k8slab.sim.runtime.server import SimulatedServer

__all__ = ["echo", "error_page", "files", "listing", "text"]

_TYPES = {".html": "text/html", ".txt": "text/plain", ".json": "application/json", ".css": "text/css", ".js": "text/javascript"}


def _type_of(path: str) -> str:
    return _TYPES.get(posixpath.splitext(path)[1], "application/octet-stream")


async def files(server: SimulatedServer, request: Request, root: str = "") -> Response:
    """Serve the files below ``root`` (else that of the description), as nginx and httpd do."""
    banner = {"Server": server.fill(server.spec.get("banner", "nginx"))}
    if request.method not in ("GET", "HEAD"):
        return error_page(405, server)
    path = posixpath.normpath(request.path)
    root = root or server.spec["root"]
    full = posixpath.join(root, path.lstrip("/"))
    candidates = (
        [posixpath.join(full, "index.html")] if request.path.endswith("/") else [full, posixpath.join(full, "index.html")]
    )
    for candidate in candidates:
        content = server.container.mounted_file(candidate)
        if content is not None:
            headers = {**banner, "Content-Type": _type_of(candidate)}
            return Response(200, content if request.method == "GET" else b"", headers)
    is_directory = server.container.files.exists(full) and isinstance(server.container.files.find(full), Directory)
    if not is_directory:
        missing = f'open() "{full}" failed (2: No such file or directory), client: {request.client_ip}'
        server.log(server.spec.get("error-log", ""), to_stderr=True, fields={"message": missing})
    return error_page(403 if is_directory else 404, server)


def error_page(status: int, server: SimulatedServer) -> Response:
    """Return the page of a web server for an error."""
    banner = {"Server": server.fill(server.spec.get("banner", "nginx"))}
    title = f"{status} {PHRASES[status]}"
    lines = ["<html>", f"<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
    lines += [f"<hr><center>{banner['Server']}</center>", "</body>", "</html>", ""]
    return Response(status, "\r\n".join(lines).encode(), {**banner, "Content-Type": "text/html"})


async def listing(server: SimulatedServer, request: Request) -> Response:
    """Serve the working directory with a listing, as ``python -m http.server`` does."""
    base = server.option("--directory") or server.option("-d") or server.container.config.workdir
    base = base or server.container.config.image.workdir
    tree, path = server.container.files, posixpath.join(base, request.path.lstrip("/"))
    banner = {"Server": f"SimpleHTTP/0.6 Python/{server.container.config.image.version}"}
    if not tree.exists(path):
        return Response(
            404, b"<h1>Error response</h1>\n<p>Error code: 404</p>\n", {**banner, "Content-Type": "text/html;charset=utf-8"}
        )
    if not isinstance(tree.find(path), Directory):
        return Response(200, tree.read(path), {**banner, "Content-Type": _type_of(path)})
    index = posixpath.join(path, "index.html")
    if tree.exists(index):
        return Response(200, tree.read(index), {**banner, "Content-Type": "text/html"})
    items = "".join(f'<li><a href="{n}">{n}</a></li>\n' for n in tree.names(path))
    page = f"<!DOCTYPE HTML>\n<title>Directory listing for {request.path}</title>\n<ul>\n{items}</ul>\n"
    return Response(200, page.encode(), {**banner, "Content-Type": "text/html; charset=utf-8"})


async def text(server: SimulatedServer, request: Request) -> Response:
    """Answer with the description's ``body``, or that of the path under ``paths``."""
    option = server.spec.get("body-option")
    given = server.option(option) if option else ""
    body = given + "\n" if given else server.spec.get("paths", {}).get(request.path) or server.spec.get("body", "")
    return Response(200, server.fill(body).encode(), {"Content-Type": "text/plain; charset=utf-8"})


async def echo(server: SimulatedServer, request: Request) -> Response:
    """Answer with what came in, as echo servers do."""
    seen = {
        "hostname": server.container.config.network.hostname,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "body": request.body.decode("utf-8", "replace"),
        "client": request.client_ip,
    }
    return Response(200, (json.dumps(seen, indent=2) + "\n").encode(), {"Content-Type": "application/json"})
