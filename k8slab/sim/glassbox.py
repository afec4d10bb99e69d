"""The glass box: ``sim.k8slab.dev/v1alpha1``, the API of what only a simulated cluster can show and do.

Served like an aggregated API: in discovery, behind authentication, authorization and audit, readable with kubectl.

* ``clocks`` (one, named "cluster"): ``spec.mode`` real, accelerated or stepped, ``spec.rate``; posting a ClockAdvance to
  ``clocks/cluster/advance`` lets time pass at once: ``spec.seconds``, or ``spec.untilNextEvent: true``.
* ``schedulingtraces``: the latest scheduling cycles, one per Pod, under the Pod's name.
"""

from typing import Any

import orjson

from k8slab.apimachinery.timestamps import rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import FieldError, bad_request, invalid, method_not_supported, not_found
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.negotiation import negotiate
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource, Subresource
from k8slab.sim.driver import Driver
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler.trace import TraceLog

__all__ = ["GROUP", "RESOURCES", "GlassBox"]

GROUP = "sim.k8slab.dev"
_VERSION = "v1alpha1"
_API = f"{GROUP}/{_VERSION}"
_ADVANCE = Subresource("advance", "ClockAdvance", GROUP, _VERSION, ("create",))

RESOURCES = (
    Resource(
        group=GROUP, version=_VERSION, kind="Clock", plural="clocks", singular="clock", namespaced=False,
        short_names=(), categories=(), verbs=("get", "list", "patch", "update"), subresources=(_ADVANCE,),
    ),
    Resource(
        group=GROUP, version=_VERSION, kind="SchedulingTrace", plural="schedulingtraces", singular="schedulingtrace",
        namespaced=True, short_names=("strace",), categories=(), verbs=("get", "list"), subresources=(),
    ),
)  # fmt: skip


class GlassBox:
    """Answers requests of the group.

    Parameters
    ----------
    kernel, driver
        Whose clock is shown and moved.
    traces
        The scheduler's record.
    """

    def __init__(self, kernel: Kernel, driver: Driver, traces: TraceLog) -> None:
        self._kernel, self._driver, self._traces = kernel, driver, traces
        self._since = kernel.now()

    async def answer(self, request: Request, info: RequestInfo, user: UserInfo) -> Response | Stream:
        """Answer an authorized request."""
        if info.resource == "clocks":
            return await self._clocks(request, info)
        if info.resource == "schedulingtraces" and info.verb in ("get", "list"):
            return self._scheduling_traces(request, info)
        raise method_not_supported(GROUP, info.resource, info.verb)

    async def _clocks(self, request: Request, info: RequestInfo) -> Response:
        if info.name and info.name != "cluster":
            raise not_found(GROUP, "clocks", info.name)
        if info.subresource == "advance" and info.verb == "create":
            await self._advance(_object(await request.body()))
        elif info.verb in ("update", "patch"):
            self._set(_object(await request.body()))
        elif info.verb not in ("get", "list"):
            raise method_not_supported(GROUP, "clocks", info.verb)
        return _answer(request, info, RESOURCES[0], [self.clock()], self._kernel.now())

    def clock(self) -> Object:
        """Return the Clock object."""
        clock, now = self._kernel.clock, self._kernel.now()
        following = self._kernel.next_timer()
        status: Object = {"now": rfc3339_micro(now), "mode": clock.mode, "rate": clock.rate}
        if following is not None:
            status["nextEvent"] = rfc3339_micro(following)
        meta = {"name": "cluster", "uid": "00000000-0000-4000-8000-000000000000", "creationTimestamp": rfc3339(self._since)}
        meta["resourceVersion"] = str(int(now * 1e6))
        return {
            "apiVersion": _API,
            "kind": "Clock",
            "metadata": meta,
            "spec": {"mode": clock.mode, "rate": clock.rate},
            "status": status,
        }

    def _set(self, body: Object) -> None:
        spec = body.get("spec") or {}
        mode, rate = spec.get("mode", self._kernel.clock.mode), spec.get("rate", self._kernel.clock.rate or 1)
        if mode not in ("real", "accelerated", "stepped"):
            detail = 'supported values: "accelerated", "real", "stepped"'
            raise _invalid("Clock", FieldError("FieldValueNotSupported", "spec.mode", detail, mode))
        if not isinstance(rate, int | float) or not 0 <= rate <= 100_000 or (mode == "accelerated" and rate == 0):
            raise _invalid("Clock", FieldError("FieldValueInvalid", "spec.rate", "must be more than 0 and at most 100000", rate))
        self._kernel.clock.set(mode, float(rate))
        self._driver.wake()

    async def _advance(self, body: Object) -> None:
        spec = body.get("spec") or {}
        seconds = spec.get("seconds", 0)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 366 * 86400:
            detail = "must be between 0 and 31622400 seconds"
            raise _invalid("ClockAdvance", FieldError("FieldValueInvalid", "spec.seconds", detail, seconds))
        if spec.get("untilNextEvent"):
            self._kernel.advance_to_next()
        self._kernel.advance(seconds)
        await self._driver.idle()

    def _scheduling_traces(self, request: Request, info: RequestInfo) -> Response:
        if info.name:
            trace = self._traces.get(info.namespace, info.name)
            if trace is None:
                raise not_found(GROUP, "schedulingtraces", info.name)
            return _answer(request, info, RESOURCES[1], [trace], self._kernel.now())
        traces = [t for t in self._traces.list() if info.namespace in ("", t["metadata"]["namespace"])]
        return _answer(request, info, RESOURCES[1], traces, self._kernel.now())


def _invalid(kind: str, error: FieldError) -> Exception:
    return invalid(GROUP, kind, "cluster", [error])


def _object(raw: bytes) -> Object:
    try:
        value: Any = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise bad_request("the body must be a JSON object")
    return value


def _answer(request: Request, info: RequestInfo, resource: Resource, objects: list[Object], now: float) -> Response:
    form = negotiate(request.headers.get("accept", ""))
    listing = not info.name
    if form.kind == "Table":
        return Response.json(200, printers.table(resource, objects, now, request.query.get("includeObject", "Metadata"), {}))
    if listing:
        body = {"apiVersion": _API, "kind": resource.list_kind, "metadata": {"resourceVersion": "0"}, "items": objects}
        return Response.json(200, body)
    return Response.json(201 if info.verb == "create" else 200, objects[0])
