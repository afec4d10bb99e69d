"""A small, quick HTTPS client: the load must come from the clients, not wait for them."""

import base64
import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

__all__ = ["Api"]


class Api:
    """The API server of a kubeconfig's current context; each thread has a connection of its own.

    Parameters
    ----------
    kubeconfig
        The file; client certificate or token.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        config = yaml.safe_load(kubeconfig.read_text())
        context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
        self.url = cluster["server"]
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "benchmarks/1"}
        if "token" in user:
            self._headers["Authorization"] = f"Bearer {user['token']}"
        self._tls = _context(cluster, user)
        self._local = threading.local()

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: http.client.HTTPSConnection = self._local.connection
        return connection

    def _connect(self, timeout: float = 60) -> http.client.HTTPSConnection:
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=self._tls, timeout=timeout)
        connection.connect()
        assert connection.sock is not None
        return connection

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """Return the decoded answer; an answer of 400 or more is an error."""
        answer = self.raw(method, path, body, content_type)
        return json.loads(answer)

    def raw(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> bytes:
        """Return the answer's bytes."""
        data = None if body is None else json.dumps(body)
        connection = self._connection()
        connection.request(method, path, data, {**self._headers, "Content-Type": content_type})
        response = connection.getresponse()
        content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return content

    def watch(self, path: str) -> Iterator[Any]:
        """Yield the events of a watch, until the caller stops."""
        connection = self._connect(timeout=120)
        connection.request("GET", path, headers=self._headers)
        response = connection.getresponse()
        while line := response.readline():
            yield json.loads(line)
        connection.close()

    def each(self, work: Callable[[Any], Any], items: Iterable[Any], connections: int = 4) -> list[Any]:
        """Do the work for each item over several connections."""
        with ThreadPoolExecutor(connections) as pool:
            return list(pool.map(work, items))


def _context(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if cluster.get("certificate-authority"):
        context.load_verify_locations(cluster["certificate-authority"])
    if "client-certificate-data" in user:
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]) + b"\n" + base64.b64decode(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(pair.name)
    elif "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    return context
