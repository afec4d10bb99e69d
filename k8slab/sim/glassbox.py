"""The glass box: ``sim.k8slab.dev/v1alpha1``, the API of what only a simulated cluster can show and do.

Served like an aggregated API: in discovery and OpenAPI, behind authentication, authorization and audit.

* ``clocks`` (one, named "cluster"): ``spec.mode`` real, accelerated or stepped, ``spec.rate``; posting a ClockAdvance to
  ``clocks/cluster/advance`` lets time pass at once: ``spec.seconds``, or ``spec.untilNextEvent: true``.
* ``schedulingtraces``: the latest scheduling cycles, one per Pod, under the Pod's name; to be read and watched.

Patches are JSON or merge patches, as for custom resources; server-side apply is refused, since nobody owns the clock.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson

from k8slab.apimachinery.timestamps import rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import patch as patches
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.apiextensions.structural import custom_resource_errors
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.decode import check, decode
from k8slab.sim.apiserver.encoding import encoded, partial
from k8slab.sim.apiserver.errors import FieldError, invalid, method_not_allowed, not_found, unsupported_media_type
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.negotiation import Form, negotiate
from k8slab.sim.apiserver.options import call_of, list_options, not_routed, watch_options
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import schema_from_openapi
from k8slab.sim.driver import Driver
from k8slab.sim.glassbox_kinds import API, CLOCK, GROUP, RESOURCES, TRACE
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler.trace import TraceLog

__all__ = ["GROUP", "RESOURCES", "GlassBox"]

_PATCHES = {"application/json-patch+json": "json", "application/merge-patch+json": "merge"}
_EVENTS_AT_ONCE = 20  #: of a jump, before HTTP gets a turn
_MOST_SECONDS = 366 * 86400


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
        resource = CLOCK if info.resource == CLOCK.plural else TRACE
        served = resource.subresource(info.subresource) if info.subresource else resource
        problem = not_routed(request, info, resource)
        if problem is not None:
            raise problem
        if served is None or info.verb not in served.verbs:
            raise method_not_allowed()
        call = call_of(request, info, resource, user)
        return await self._clocks(request, info, call) if resource is CLOCK else self._scheduling_traces(request, info, call)

    # the clock

    async def _clocks(self, request: Request, info: RequestInfo, call: Call) -> Response:
        if info.name not in ("", "cluster"):
            raise not_found(GROUP, CLOCK.plural, info.name)
        before = self.clock()
        if info.subresource:
            await self._advance(await _read(request, call, "ClockAdvance"), call.dry_run)
        elif info.verb in ("update", "patch"):
            patched = info.verb == "patch"
            after = await _patched(request, call, before) if patched else await _read(request, call, "Clock")
            self._set(after, before, call.dry_run)
        return self._answer(request, info, CLOCK, [self.clock()])

    def clock(self) -> Object:
        """Return the Clock object."""
        clock, now = self._kernel.clock, self._kernel.now()
        following = self._kernel.next_timer()
        status: Object = {"now": rfc3339_micro(now), "mode": clock.mode, "rate": clock.rate}
        if following is not None:
            status["nextEvent"] = rfc3339_micro(following)
        meta = {"name": "cluster", "uid": "00000000-0000-4000-8000-000000000000", "creationTimestamp": rfc3339(self._since)}
        meta["resourceVersion"] = str(int(now * 1e6))
        spec = {"mode": clock.mode, "rate": clock.rate}
        return {"apiVersion": API, "kind": "Clock", "metadata": meta, "spec": spec, "status": status}

    def _set(self, after: Object, before: Object, dry_run: bool) -> None:
        assert CLOCK.schema is not None
        errors = custom_resource_errors(CLOCK.schema, after)
        spec = after.get("spec") or {}
        mode, rate = spec.get("mode", before["spec"]["mode"]), spec.get("rate", before["spec"]["rate"])
        if mode == "accelerated" and rate == 0 and not errors:
            rate = 1.0
            if before["spec"]["rate"]:
                errors = [FieldError("FieldValueInvalid", "spec.rate", "must be greater than 0 to accelerate", 0)]
        if errors:
            raise invalid(GROUP, "Clock", "cluster", errors)
        if not dry_run:
            self._kernel.clock.set(mode, float(rate))
            self._driver.wake()

    async def _advance(self, body: Object, dry_run: bool) -> None:
        spec = body.get("spec") or {}
        seconds = spec.get("seconds", 0)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _MOST_SECONDS:
            detail = f"must be between 0 and {_MOST_SECONDS} seconds"
            raise invalid(GROUP, "ClockAdvance", "cluster", [FieldError("FieldValueInvalid", "spec.seconds", detail, seconds)])
        if dry_run:
            return
        if spec.get("untilNextEvent"):
            self._kernel.advance_to_next()
        end = self._kernel.now() + seconds
        while self._kernel.advance_towards(end, _EVENTS_AT_ONCE):
            await asyncio.sleep(0)  # others get their answers meanwhile
        await self._driver.idle()

    # the traces

    def _scheduling_traces(self, request: Request, info: RequestInfo, call: Call) -> Response | Stream:
        if info.verb == "watch":
            return self._watch(request, call)
        if info.verb == "get":
            trace = self._traces.get(info.namespace, info.name)
            if trace is None:
                raise not_found(GROUP, TRACE.plural, info.name)
            return self._answer(request, info, TRACE, [trace])
        selected = list_options(request, call).selection
        return self._answer(request, info, TRACE, [t for t in self._traces.list(call.namespace) if selected.admits(t)])

    def _watch(self, request: Request, call: Call) -> Stream:
        form, options = negotiate(request.headers.get("accept", ""), streaming=True), watch_options(request, call)
        since = int(options.resource_version or 0)
        lines: asyncio.Queue[bytes] = asyncio.Queue()

        def changed(type_: str, trace: Object, old: Object | None) -> None:
            meta = trace["metadata"]
            wanted = call.namespace in ("", meta["namespace"]) and options.selection.admits(trace)
            if wanted and (type_ == "DELETED" or int(meta["resourceVersion"]) > since):
                shown = self._shown(form, TRACE, [trace], request, {"resourceVersion": meta["resourceVersion"]})
                lines.put_nowait(orjson.dumps({"type": type_, "object": shown}) + b"\n")

        async def chunks() -> AsyncIterator[bytes]:
            loop = asyncio.get_running_loop()
            over = loop.time() + (options.timeout_seconds or 0)
            end = self._traces.subscribe(changed)
            try:
                while True:
                    yield await asyncio.wait_for(lines.get(), max(over - loop.time(), 0))
            except TimeoutError:
                return
            finally:
                end()

        return Stream(chunks(), form.content_type)

    # encoding

    def _answer(self, request: Request, info: RequestInfo, resource: Resource, objects: list[Object]) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        single = info.verb not in ("list", "watch")
        version = objects[0]["metadata"]["resourceVersion"] if single else str(self._traces.sequence)
        shown = self._shown(form, resource, objects, request, {"resourceVersion": version})
        if not single and not form.kind:
            meta = {"resourceVersion": version}
            shown = {"apiVersion": API, "kind": resource.list_kind, "metadata": meta, "items": objects}
        elif not single and form.kind != "Table":
            items = [partial(obj) for obj in objects]
            shown = {"kind": form.kind, "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version}, "items": items}
        return encoded(form, 201 if info.verb == "create" else 200, shown)

    def _shown(self, form: Form, resource: Resource, objects: list[Object], request: Request, meta: Object) -> Object:
        if form.kind == "Table":
            include = request.query.get("includeObject", "Metadata")
            return printers.table(resource, objects, self._kernel.now(), include, meta)
        if not objects:
            return {}
        return partial(objects[0]) if form.kind else objects[0]


async def _read(request: Request, call: Call, kind: str) -> Object:
    schema = {"x-kubernetes-preserve-unknown-fields": True} if kind != "Clock" else CLOCK.schema or {}
    media = request.headers.get("content-type", "application/json")
    body, warnings = decode(await request.body(), media, schema_from_openapi(schema), API, kind, call.field_validation)
    call.warnings += warnings
    return body


async def _patched(request: Request, call: Call, before: Object) -> Object:
    kind = _PATCHES.get(request.headers.get("content-type", "").partition(";")[0].strip())
    if kind is None:
        accepted = ", ".join(_PATCHES)
        raise unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        )
    schema = schema_from_openapi(CLOCK.schema or {})
    patch: Any = patches.decode_patch(await request.body(), kind)
    patched = patches.patch(kind, before, patch, schema)
    return check(patched, schema, API, "Clock", call.field_validation, patched=True)[0]
