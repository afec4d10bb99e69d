"""The API server's door: every request comes in here, over HTTPS, as a WebSocket or upgraded to SPDY.

Real component: kube-apiserver's handler chain (k8s.io/apiserver/pkg/server/config.go, DefaultBuildHandlerChain): request
info, authentication, impersonation, audit, authorization, then the handler. Simplified: no priority-and-fairness queues.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from k8slab.sim.apiserver.audit import AuditLog
from k8slab.sim.apiserver.authentication import Authenticator, UserInfo
from k8slab.sim.apiserver.authentication.impersonation import impersonated
from k8slab.sim.apiserver.authorization import Attributes, Authorizer, Decision, denied
from k8slab.sim.apiserver.encoding import laid_out
from k8slab.sim.apiserver.errors import StatusError, internal_error, not_found
from k8slab.sim.apiserver.handlers import Handlers
from k8slab.sim.apiserver.http import Receive, Request, Response, Scope, Send, Stream, send_response, send_stream
from k8slab.sim.apiserver.metrics import RequestCounter
from k8slab.sim.apiserver.paths import Paths, nothing_here
from k8slab.sim.apiserver.proxy import Proxy
from k8slab.sim.apiserver.requestinfo import RequestInfo, parse_request
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.apiserver.streaming import Streaming
from k8slab.sim.driver import Driver
from k8slab.sim.etcd import Store, Unavailable

__all__ = ["ApiServer"]

log = logging.getLogger(__name__)

#: Serves requests of a group that is not stored here (the glass box): gets (request, info, user).
Aggregated = Callable[[Request, RequestInfo, UserInfo], Awaitable[Response | Stream]]

_WRITES = ("create", "update", "patch", "delete", "deletecollection")


_NOBODY = UserInfo("")  #: whom the audit log names when authentication has failed
_ALLOWED = Decision(True)


@dataclass
class _Caller:
    """Who asks, as whom, how, and whether they may."""

    authenticated: UserInfo
    user: UserInfo
    uri: str
    agent: str
    annotations: dict[str, str]
    began: float
    decision: Decision = _ALLOWED


class ApiServer:
    """The ASGI application.

    Parameters
    ----------
    scheme, store, driver
        The kinds, the objects, and the link to the kernel.
    authenticator, authorizer, audit
        Who asks, may they, and what is written down of it.
    handlers, paths, streaming, proxy
        What answers: resources, other paths, connections that stay open, whoever is behind a proxy subresource.
    """

    def __init__(
        self,
        *,
        scheme: Scheme,
        store: Store,
        driver: Driver,
        authenticator: Authenticator,
        authorizer: Authorizer,
        audit: AuditLog,
        handlers: Handlers,
        paths: Paths,
        streaming: Streaming,
        proxy: Proxy,
    ) -> None:
        self._scheme, self._store, self._driver = scheme, store, driver
        self._authenticator, self._authorizer, self._audit = authenticator, authorizer, audit
        self._handlers, self._paths, self._streaming, self._proxy = handlers, paths, streaming, proxy
        self._requests = RequestCounter()
        paths.metrics.append(self._requests.families)
        self.aggregated: dict[str, Aggregated] = {}  #: by group
        self.stored: set[str] = set()  #: full names of kinds of those groups that are stored here all the same

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(Request(scope, receive), send)
        elif scope["type"] in ("websocket", "upgrade"):
            await self._upgraded(Request(scope, receive), receive, send)

    async def _http(self, request: Request, send: Send) -> None:
        answer = await self.respond(request)
        if isinstance(answer, Response):
            await send_response(send, answer)
        else:
            await _until_disconnected(request, send_stream(send, answer))

    async def respond(self, request: Request, settled: bool = True) -> Response | Stream:
        """Answer a request, if need be with a Status.

        Parameters
        ----------
        request
            What is asked.
        settled
            Whether the answer to a write waits until it is durable. On a stepped clock a request then also begins and ends
            when the cluster is at rest, so that it does not matter when it comes.
        """
        try:
            answer = await self._answer(request, settled)
        except StatusError as error:
            answer = _refusal(error)
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            answer = _refusal(internal_error(f"{type(error).__name__}: {error}"))
        return laid_out(request, answer) if isinstance(answer, Response) else answer

    async def _answer(self, request: Request, settled: bool) -> Response | Stream:
        info = parse_request(request.method, request.path, request.query)
        caller = self._caller(request)
        user = caller.user
        resource = self._scheme.get(info.group, info.version, info.resource)
        self._authorize(caller, info, resource)
        if not info.is_resource:
            return await self._paths.answer(request)
        if resource is None:
            return nothing_here(self._scheme, request.path)
        if settled and self._driver.stepped:
            await self._driver.idle()
        try:
            answer = await self._serve(request, info, resource, user)
        except StatusError as error:
            self._record(caller, info, resource, error.code, error)
            raise
        if settled and info.verb in _WRITES and (info.group not in self.aggregated or resource.full_name in self.stored):
            await self._settled()
        self._record(caller, info, resource, answer.status if isinstance(answer, Response) else 200)
        return answer

    async def _serve(self, request: Request, info: RequestInfo, resource: Resource, user: UserInfo) -> Response | Stream:
        if info.group in self.aggregated and resource.full_name not in self.stored:
            return await self.aggregated[info.group](request, info, user)
        if self._streaming.serves(info):
            return await self._streaming.answer(request, info)
        if self._proxy.serves(info):
            return await self._proxy.answer(request, info)
        return await self._handlers.handle(request, info, resource, user)

    def _caller(self, request: Request) -> _Caller:
        header, certificate = request.headers.get("authorization", ""), request.scope.get("peer_certificate")
        try:
            user = self._authenticator.authenticate(header, certificate)
        except StatusError as error:
            self._requests.authenticated(None)
            tried = "x509" if certificate else "bearer"
            told = StatusError(401, "Unauthorized", f"Authentication failed, attempted: {tried}", error.details)
            self._turned_away(request, _NOBODY, told)
            raise
        self._requests.authenticated(user)
        try:
            acting = impersonated(user, request.all_headers(), self._authorizer)
        except StatusError as error:
            self._turned_away(request, user, error)
            raise
        return _Caller(
            user, acting, _uri(request), request.headers.get("user-agent", ""), request.annotations, self._driver.now()
        )

    def _turned_away(self, request: Request, user: UserInfo, error: StatusError) -> None:
        """Note a request that came no further than authentication or impersonation."""
        info = parse_request(request.method, request.path, request.query)
        target = (self._scheme.get(info.group, info.version, info.resource), info.subresource, info.namespace, info.name)
        agent = request.headers.get("user-agent", "")
        self._audit.record(user, info.verb, *target, error.code, decision=None, uri=_uri(request), user_agent=agent, error=error)

    def _authorize(self, caller: _Caller, info: RequestInfo, resource: Resource | None) -> None:
        user = caller.user
        if not info.is_resource:
            attributes = Attributes(user, info.verb, path=info.path)
        else:
            attributes = Attributes(
                user, info.verb, info.group, info.version, info.resource, info.subresource, info.namespace, info.name
            )
        caller.decision = self._authorizer.authorize(attributes)
        self._requests.decided(caller.decision)
        if not caller.decision.allowed:
            error = denied(attributes, caller.decision)
            self._record(caller, info, resource, error.code, error)
            raise error

    async def _settled(self) -> None:
        """Wait until what was written is on the disk and, on a stepped clock, until the cluster has reacted."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._store.durable < self._store.revision:
            self._store.when_durable(lambda error: _settle(done, error))
        else:
            done.set_result(None)
        if self._driver.stepped:
            await self._driver.idle()
        try:
            await done
        except Unavailable as error:
            message = f"etcdserver: mvcc: database space exceeded ({error}); free some disk space and try again"
            raise StatusError(500, "InternalError", message) from error

    def _record(
        self, caller: _Caller, info: RequestInfo, resource: Resource | None, code: int, error: StatusError | None = None
    ) -> None:
        if info.is_resource:
            self._requests.count(info, code, self._driver.now() - caller.began)
        self._audit.record(
            caller.authenticated,
            info.verb,
            resource,
            info.subresource,
            info.namespace,
            info.name,
            code,
            decision=caller.decision,
            impersonated=caller.user if caller.user is not caller.authenticated else None,
            uri=caller.uri,
            user_agent=caller.agent,
            error=error,
            annotations=caller.annotations,
        )

    async def _upgraded(self, request: Request, receive: Receive, send: Send) -> None:
        info = parse_request(request.method, request.path, request.query)
        try:
            caller, resource = self._caller(request), self._scheme.get(info.group, info.version, info.resource)
            self._authorize(caller, info, resource)
            if not self._streaming.connects(info):
                raise not_found(info.group, f"{info.resource}/{info.subresource}", info.name)
            self._streaming.check(request, info)
            # A WebSocket begins as a GET, but whoever runs something in a pod needs "create" (upstream since 1.35).
            self._authorize(caller, replace(info, verb="create"), resource)
        except StatusError as error:
            await _refuse(send, error, request.scope["type"])
            return
        self._record(caller, info, resource, 101)
        await self._streaming.connect(request, info, receive, send)


def _uri(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.path}?{query}" if query else request.path


def _settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _refusal(error: StatusError) -> Response:
    response = Response.json(error.code, error.status())
    retry = (error.details or {}).get("retryAfterSeconds")
    if retry:
        response.headers.append((b"retry-after", str(retry).encode()))
    return response


async def _refuse(send: Send, error: StatusError, kind: str) -> None:
    response, prefix = _refusal(error), "websocket." if kind == "websocket" else ""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(response.body)).encode())]
    await send({"type": f"{prefix}http.response.start", "status": response.status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": response.body})


async def _until_disconnected(request: Request, sending: Awaitable[None]) -> None:
    sender = asyncio.ensure_future(sending)
    gone = asyncio.ensure_future(request.disconnected())
    try:
        await asyncio.wait({sender, gone}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        log.debug("%s ends with the server", request.path)
    for task in (sender, gone):
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
