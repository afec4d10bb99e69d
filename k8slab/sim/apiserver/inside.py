"""The API server as the pods see it: https://kubernetes.default, behind the Service of that name.

Real component: kube-apiserver on the host network of the control plane nodes. Requests go the way of all others
(authentication by bearer token, authorization, audit); only the socket is simulated. Simplified: no client certificates,
no watches and no exec, which are refused. On the answer to a write nothing waits for the disk.
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from k8slab.sim.apiserver import http
from k8slab.sim.apiserver.certificates import SERVER_NAMES
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.network.http import Request, Response
from k8slab.sim.network.sockets import Connection
from k8slab.sim.network.tls import Identity

if TYPE_CHECKING:
    from k8slab.sim.apiserver.app import ApiServer

__all__ = ["PORT", "InsideServer"]

PORT = 6443
T = TypeVar("T")


class InsideServer:
    """A listener of the simulated network that hands requests to the API server.

    Parameters
    ----------
    app
        The API server.
    authority
        The certificate of the cluster's CA, in PEM.
    addresses
        Where it listens, beyond the names of its certificate.
    """

    speaks_http = True

    def __init__(self, app: "ApiServer", authority: str, addresses: tuple[str, ...]) -> None:
        self._app = app
        self.tls: Identity | None = Identity((*SERVER_NAMES, *addresses), authority)

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers.items()]
        scope = {"type": "http", "method": request.method, "path": request.path, "query_string": request.query.encode()}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": request.body, "more_body": False}

        asked = http.Request({**scope, "headers": headers}, receive)
        answer = _at_once(self._app.respond(asked, settled=False))
        if isinstance(answer, http.Stream):
            refused = StatusError(501, "NotImplemented", "watch and follow are not served to simulated pods: list instead")
            answer = http.Response.json(refused.code, refused.status())
        return Response(answer.status, answer.body, {"Content-Type": answer.content_type})

    async def accept(self, connection: Connection) -> None:
        """Never called: whoever speaks HTTP gets requests."""
        raise NotImplementedError

    async def datagram(self, data: bytes, client_ip: str) -> bytes | None:
        """Never called: it listens on TCP only."""
        raise NotImplementedError


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine of asyncio that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise StatusError(501, "NotImplemented", "this request takes time, which is not served to simulated pods")
