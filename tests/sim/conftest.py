"""A cluster in memory with a stepped clock, and its HTTP API without sockets: for tests of the API server as a whole."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.pki import Pki, ensure_pki
from k8slab.sim.cluster import MASTER, Cluster, ClusterConfig
from k8slab.sim.kubelet import NodeConfig
from k8slab.sim.shape import default_nodes

Headers = dict[str, str]


class Answer:
    """What the server answered."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status, self.body = status, body
        self.headers = {k.decode(): v.decode() for k, v in headers}
        self.warnings = [v.decode().removeprefix('299 - "')[:-1] for k, v in headers if k == b"warning"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


class Watch:
    """An open watch: the events that have come."""

    def __init__(self, api: "Api", task: "asyncio.Task[None]", sent: list[Object], gone: asyncio.Event) -> None:
        self._api, self._task, self._sent, self._gone = api, task, sent, gone

    def events(self) -> list[Object]:
        """Return the events that have come since the last call."""
        self._api.settle()
        data = b"".join(message.get("body", b"") for message in self._sent)
        for message in self._sent:
            message.pop("body", None)
        return [json.loads(line) for line in data.splitlines()]

    def told(self) -> list[tuple[str, str]]:
        """Return type and name of the events that have come since the last call."""
        return [(e["type"], e["object"]["metadata"].get("name", "")) for e in self.events()]

    @property
    def ended(self) -> bool:
        self._api.settle()
        return self._task.done()

    def close(self) -> None:
        self._gone.set()
        self._api.loop.run_until_complete(self._task)


class Api:
    """An HTTP client of a cluster in this process; each call returns when the cluster has nothing left to do."""

    def __init__(self, cluster: Cluster, loop: asyncio.AbstractEventLoop, certificate: bytes) -> None:
        self.cluster, self.loop = cluster, loop
        self._app = cluster.application()
        self._certificate = certificate
        self._watches: list[Watch] = []

    def __call__(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> Answer:
        """Make a request as the administrator; a body that is not bytes is sent as JSON."""
        return self.loop.run_until_complete(self.request(method, path, body, headers))

    async def request(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> Answer:
        """Make a request in a coroutine of the loop, so that several can be under way."""
        sent: list[Object] = []
        await self._app(self._scope(method, path, body, headers), *self._ends(body, sent, None))
        data = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], sent[0]["headers"], data)

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path: str, body: Any) -> Answer:
        return self("PUT", path, body)

    def patch(self, path: str, body: Any, kind: str = "merge-patch+json") -> Answer:
        return self("PATCH", path, body, {"content-type": f"application/{kind}"})

    def apply(self, path: str, body: Object, manager: str = "tester") -> Answer:
        return self.patch(f"{path}{'&' if '?' in path else '?'}fieldManager={manager}", body, "apply-patch+yaml")

    def delete(self, path: str, body: Any = None) -> Answer:
        return self("DELETE", path, body)

    def watch(self, path: str, **headers: str) -> Watch:
        """Open a watch; its events come while other calls are made."""
        sent: list[Object] = []
        gone = asyncio.Event()
        scope = self._scope("GET", path, None, {k.replace("_", "-"): v for k, v in headers.items()})
        task = self.loop.create_task(self._app(scope, *self._ends(None, sent, gone)))
        watch = Watch(self, task, sent, gone)
        self._watches.append(watch)
        self.settle()
        return watch

    def settle(self) -> None:
        """Let the cluster react, and what it has to say arrive."""

        async def quiet() -> None:
            await self.cluster.driver.idle()
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(quiet())

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.cluster.kernel.advance(seconds)
        self.settle()

    def close(self) -> None:
        for watch in self._watches:
            watch.close()

    def _scope(self, method: str, path: str, body: Any, headers: Headers | None) -> Object:
        url = urlsplit(path)
        given = {"content-type": "application/json", "user-agent": "tester/1"} | (headers or {})
        return {
            "type": "http",
            "method": method,
            "path": unquote(url.path),
            "query_string": quote(url.query, safe="=&%,+!()").encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in given.items()],
            "peer_certificate": self._certificate,
        }

    def _ends(self, body: Any, sent: list[Object], gone: asyncio.Event | None) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        requests: list[Object] = [{"type": "http.request", "body": data, "more_body": False}]

        async def receive() -> Object:
            if requests:
                return requests.pop()
            if gone is not None:
                await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Object) -> None:
            sent.append(message)

        return receive, send


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """Certificates and keys for every cluster of the session."""
    return ensure_pki(tmp_path_factory.mktemp("state") / "pki")


@pytest.fixture
def make_api(pki: Pki) -> Iterator[Callable[..., Api]]:
    """Start clusters in memory, with a stepped clock and a seed; by default without nodes."""
    loop = asyncio.new_event_loop()
    certificate = x509.load_pem_x509_certificate(pki.admin.certificate).public_bytes(Encoding.DER)
    started: list[Api] = []

    def make(
        workers: int | None = None, seed: int = 1, database: Path | None = None, start_delays: bool = False,
        nodes: list[NodeConfig] | None = None, **more: Any,
    ) -> Api:  # fmt: skip
        nodes = nodes or ([] if workers is None else default_nodes(workers))
        config = ClusterConfig(nodes, seed=seed, clock_mode="stepped", start_delays=start_delays, database=database, **more)
        cluster = Cluster(config, pki, loop)
        cluster.start()
        api = Api(cluster, loop, certificate)
        started.append(api)
        api.settle()
        return api

    yield make
    for api in started:
        api.close()
        api.cluster.stop()
    loop.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """The API of a cluster without nodes."""
    return make_api()


@pytest.fixture
def master(api: Api) -> Any:
    """A loopback client of `api` that may do anything."""
    return api.cluster.loopback.client(MASTER, "tester")
