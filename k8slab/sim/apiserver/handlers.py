"""The verbs of the REST API: from a parsed request to an answer.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers (create.go, get.go, update.go, patch.go, delete.go, watch.go).
"""

import random
from collections.abc import Iterable
from typing import Any

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.decode import decode
from k8slab.sim.apiserver.deletion import DeleteOptions
from k8slab.sim.apiserver.errors import (
    FieldError,
    StatusError,
    bad_request,
    invalid,
    method_not_supported,
    unsupported_media_type,
)
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.listing import ListOptions, selection
from k8slab.sim.apiserver.negotiation import Form, negotiate
from k8slab.sim.apiserver.operations import PATCH_TYPES, Operations
from k8slab.sim.apiserver.patch import decode_patch
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import schema_for
from k8slab.sim.apiserver.watch import WatchOptions, watch_stream
from k8slab.sim.etcd import Entry

__all__ = ["Handlers"]

#: A watch without ``timeoutSeconds`` ends after a random time in this range, as upstream's (minRequestTimeout).
_WATCH_SECONDS = (1800, 3600)


class Handlers:
    """Answers requests for resources.

    Parameters
    ----------
    operations
        What can be done.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations, self._registry = operations, operations.registry

    async def handle(self, request: Request, info: RequestInfo, resource: Resource, user: UserInfo) -> Response | Stream:
        """Answer an authorized request."""
        if not _routed(info):
            raise StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})
        call = _call(request, info, resource, user)
        handler = getattr(self, f"_{info.verb}", None)
        if handler is None or not self._served(call, info.verb):
            raise method_not_supported(resource.group, resource.plural, info.verb)
        answer: Response | Stream = await handler(request, call)
        if isinstance(answer, Response):
            answer.headers += [(b"warning", _warning(text)) for text in dict.fromkeys(call.warnings)]
        return answer

    def _served(self, call: Call, verb: str) -> bool:
        if not call.subresource:
            return verb in call.resource.verbs
        found = call.resource.subresource(call.subresource)
        return found is not None and verb in found.verbs

    # reading

    async def _get(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        return self._object(request, call, form, 200, self._operations.get_part(call))

    async def _list(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        page = self._registry.select(call, _list_options(request, call))
        resource, meta = call.resource, page.metadata()
        if form.kind == "Table":
            return _encoded(form, 200, self._table(request, call, page.entries, meta))
        if form.kind:
            items = [_partial(e.value) for e in page.entries]
            listed = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
            return _encoded(form, 200, listed)
        head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": meta}
        items_json = b",".join(self._raw(resource, entry) for entry in page.entries)
        body = orjson.dumps(head)[:-1] + b',"items":[' + items_json + b"]}"
        return _encoded(form, 200, orjson.loads(body)) if form.media_type != "application/json" else Response(200, body)

    async def _watch(self, request: Request, call: Call) -> Stream:
        form = negotiate(request.headers.get("accept", ""))
        resource = call.resource
        query = request.query
        start = f"{call.namespace}/" if call.namespace else ""
        fields = query.get("fieldSelector", "")
        if call.name:
            fields = f"metadata.name={call.name}" + (f",{fields}" if fields else "")
        version = query.get("resourceVersion", "")
        if version and not version.isdigit():
            raise bad_request(f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')
        options = WatchOptions(
            selection=selection(resource, query.get("labelSelector", ""), fields),
            resource_version=version,
            send_initial_events=request.flag("sendInitialEvents"),
            bookmarks=request.flag("allowWatchBookmarks"),
            timeout_seconds=request.number("timeoutSeconds") or random.uniform(*_WATCH_SECONDS),
        )
        first = True

        def encode(entry: Entry) -> bytes:
            nonlocal first
            if form.kind == "Table":
                table = self._table(request, call, [entry], {"resourceVersion": str(entry.revision)})
                if not first:
                    table["columnDefinitions"] = None
                first = False
                return orjson.dumps(table)
            return orjson.dumps(_partial(entry.value)) if form.kind else self._raw(resource, entry)

        return Stream(watch_stream(self._registry.store, resource, start, options, encode), form.content_type)

    # writing

    async def _create(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        body = await self._decoded(request, call)
        if call.subresource:
            done = self._operations.post_subresource(call, body)
            return _encoded(Form(form.media_type), 201, done)
        return self._object(request, call, form, 201, self._operations.create(call, body))

    async def _update(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        body = await self._decoded(request, call)
        return self._object(request, call, form, 200, self._operations.update(call, lambda old: body))

    async def _patch(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        media = request.headers.get("content-type", "").partition(";")[0].strip()
        kind = PATCH_TYPES.get(media)
        if kind is None:
            accepted = ", ".join(PATCH_TYPES)
            raise unsupported_media_type(
                f"the body of the request was in an unknown format - accepted media types include: {accepted}"
            )
        if kind == "apply":
            if not request.query.get("fieldManager"):
                error = FieldError("FieldValueRequired", "fieldManager", "is required for apply patch")
                raise invalid("meta.k8s.io", "PatchOptions", "", [error])
            patch: Any = await self._decoded(request, call)
        else:
            patch = decode_patch(await request.body(), kind)
        entry, created = self._operations.patch(call, kind, patch, request.flag("force"))
        return self._object(request, call, form, 201 if created else 200, entry)

    async def _delete(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        entry, gone = self._operations.delete(call, await _delete_options(request))
        if not gone:
            return self._object(request, call, form, 200, entry)
        details = {"name": call.name, "group": call.resource.group, "kind": call.resource.plural}
        details["uid"] = entry.value["metadata"].get("uid", "")
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return _encoded(Form(form.media_type), 200, {**status, "details": {k: v for k, v in details.items() if v}})

    async def _deletecollection(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        listing = _list_options(request, call)
        deleted = self._registry.delete_collection(call, await _delete_options(request), listing)
        resource = call.resource
        head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": {"resourceVersion": ""}}
        return _encoded(Form(form.media_type), 200, {**head, "items": [e.value for e in deleted]})

    # encoding

    async def _decoded(self, request: Request, call: Call) -> Object:
        resource = call.resource
        found = call.resource.subresource(call.subresource)
        group, version, kind = resource.group, resource.version, resource.kind
        if found is not None:
            group, version, kind = found.group, found.version, found.kind
        api_version = f"{group}/{version}" if group else version
        media = request.headers.get("content-type", "application/json")
        obj, warnings = decode(
            await request.body(), media, schema_for(group, version, kind), api_version, kind, call.field_validation
        )
        call.warnings += warnings
        return obj

    def _raw(self, resource: Resource, entry: Entry) -> bytes:
        converted = self._registry.from_storage(resource, entry.value)
        return entry.raw if converted is entry.value else orjson.dumps(converted)

    def _object(self, request: Request, call: Call, form: Form, code: int, entry: Entry) -> Response:
        if form.kind == "Table" and call.subresource in ("", "scale", "status"):
            return _encoded(form, code, self._table(request, call, [entry], {"resourceVersion": str(entry.revision)}))
        if form.kind == "PartialObjectMetadata":
            return _encoded(form, code, _partial(entry.value))
        raw = self._raw(call.resource, entry) if entry.revision else orjson.dumps(entry.value)
        return Response(code, raw) if form.media_type == "application/json" else _encoded(form, code, orjson.loads(raw))

    def _table(self, request: Request, call: Call, entries: Iterable[Entry], meta: Object) -> Object:
        part = call.resource.subresource(call.subresource)
        shown = part if part is not None and part.kind != call.resource.kind else call.resource
        objects = [e.value if shown is part else self._registry.from_storage(call.resource, e.value) for e in entries]
        include = request.query.get("includeObject", "Metadata")
        return printers.table(shown, objects, self._registry.kernel.now(), include, meta)


def _routed(info: RequestInfo) -> bool:
    """Whether a verb goes with a path: objects are created in collections and changed by name."""
    if info.verb == "create":
        return bool(info.subresource) or not info.name
    return bool(info.name) or info.verb not in ("update", "patch")


def _call(request: Request, info: RequestInfo, resource: Resource, user: UserInfo) -> Call:
    query = request.query
    dry_run = request.query_values("dryRun")
    if any(v not in ("", "All") for v in dry_run):
        error = FieldError("FieldValueNotSupported", "dryRun", 'supported values: "All"', dry_run)
        raise invalid("meta.k8s.io", "CreateOptions" if info.verb == "create" else "PatchOptions", "", [error])
    manager = query.get("fieldManager") or request.headers.get("user-agent", "unknown").partition("/")[0]
    namespace = info.namespace if resource.namespaced else ""
    name = info.name
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Strict", "Warn", "Ignore"):
        detail = 'supported values: "", "Ignore", "Strict", "Warn"'
        options = "PatchOptions" if info.verb == "patch" else "CreateOptions" if info.verb == "create" else "UpdateOptions"
        raise invalid("meta.k8s.io", options, "", [FieldError("FieldValueNotSupported", "fieldValidation", detail, validation)])
    return Call(user, resource, namespace, name, info.subresource, manager[:128], "All" in dry_run, validation)


def _list_options(request: Request, call: Call) -> ListOptions:
    query = request.query
    chosen = selection(call.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    match = query.get("resourceVersionMatch", "")
    version = query.get("resourceVersion", "")
    if match and match not in ("Exact", "NotOlderThan"):
        error = FieldError("FieldValueNotSupported", "resourceVersionMatch", 'supported values: "Exact", "NotOlderThan"', match)
        raise invalid("meta.k8s.io", "ListOptions", "", [error])
    if match and not version and not query.get("sendInitialEvents"):
        detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise invalid("meta.k8s.io", "ListOptions", "", [FieldError("FieldValueForbidden", "resourceVersionMatch", detail)])
    return ListOptions(chosen, request.number("limit") or 0, query.get("continue", ""), version, match)


async def _delete_options(request: Request) -> DeleteOptions:
    raw = await request.body()
    options: Object = {}
    if raw.strip():
        media = request.headers.get("content-type", "application/json")
        schema = schema_for("", "v1", "DeleteOptions")
        options, _ = decode(raw, media, schema, "v1", "DeleteOptions", "Ignore")
    preconditions = options.get("preconditions") or {}
    grace = options.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
    policy: Any = options.get("propagationPolicy") or request.query.get("propagationPolicy")
    orphan = options.get("orphanDependents")
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    if policy not in (None, "Orphan", "Background", "Foreground"):
        detail = 'supported values: "Background", "Foreground", "Orphan", "nil"'
        error = FieldError("FieldValueNotSupported", "propagationPolicy", detail, policy)
        raise invalid("meta.k8s.io", "DeleteOptions", "", [error])
    return DeleteOptions(grace, policy, preconditions.get("uid"), preconditions.get("resourceVersion"))


def _encoded(form: Form, code: int, obj: Object) -> Response:
    if form.media_type == "application/yaml":
        import yaml

        return Response(code, yaml.safe_dump(obj, sort_keys=False).encode(), form.content_type)
    return Response(code, orjson.dumps(obj), form.content_type)


def _partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _warning(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'299 - "{escaped}"'.encode("ascii", "replace")
