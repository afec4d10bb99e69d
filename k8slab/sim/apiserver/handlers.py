"""The verbs of the REST API: from a parsed request to an answer.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers (create.go, get.go, update.go, patch.go, delete.go, watch.go).
"""

from collections.abc import Iterable
from typing import Any

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.decode import decode
from k8slab.sim.apiserver.encoding import encoded, partial, warning
from k8slab.sim.apiserver.errors import FieldError, invalid, method_not_allowed, unsupported_media_type
from k8slab.sim.apiserver.groups import is_built_in
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.negotiation import Form, negotiate
from k8slab.sim.apiserver.operations import PATCH_TYPES, Operations
from k8slab.sim.apiserver.options import call_of, delete_options, list_options, not_routed, watch_options
from k8slab.sim.apiserver.patch import decode_patch
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import schema_for
from k8slab.sim.apiserver.watch import watch_stream
from k8slab.sim.etcd import Entry

__all__ = ["Handlers"]

#: A DELETE answers with the object instead of a Status (upstream: ReturnDeletedObject).
_RETURNED = {
    "persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas", "serviceaccounts", "services",
    "csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "storageclasses.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
}  # fmt: skip


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
        problem = not_routed(request, info, resource)
        if problem is not None:
            raise problem
        call = call_of(request, info, resource, user)
        handler = getattr(self, f"_{info.verb}", None)
        if handler is None or not self._served(call, info.verb):
            raise method_not_allowed()
        answer: Response | Stream = await handler(request, call)
        if isinstance(answer, Response):
            answer.headers += [(b"warning", warning(text)) for text in dict.fromkeys(call.warnings)]
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
        page = self._operations.select(call, list_options(request, call))
        resource, meta = call.resource, page.metadata()
        if form.kind == "Table":
            return encoded(form, 200, self._table(request, call, page.entries, meta))
        if form.kind:
            items = [partial(e.value) for e in page.entries]
            listed = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items}
            return encoded(form, 200, listed)
        head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": meta}
        items_json = b",".join(self._raw(resource, entry) for entry in page.entries)
        body = b"".join((orjson.dumps(head)[:-1], b',"items":[', items_json, b"]}\n"))
        return _serialized(form, 200, body)

    async def _watch(self, request: Request, call: Call) -> Stream:
        form = negotiate(request.headers.get("accept", ""), streaming=True)
        resource, options = call.resource, watch_options(request, call)
        start = f"{call.namespace}/" if call.namespace else ""
        first = True

        def encode(entry: Entry) -> bytes:
            nonlocal first
            if form.kind == "Table":
                table = self._table(request, call, [entry], {"resourceVersion": str(entry.revision)})
                if not first:
                    table["columnDefinitions"] = None
                first = False
                return orjson.dumps(table)
            return orjson.dumps(partial(entry.value)) if form.kind else self._raw(resource, entry)

        def encode_bookmark(obj: Object) -> bytes:
            if form.kind == "Table":
                rows = [{"cells": [], "object": partial(obj)}]
                head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"], "columnDefinitions": None}
                return orjson.dumps({**head, "rows": rows})
            return orjson.dumps(partial(obj) if form.kind else obj)

        stream = watch_stream(self._registry.store, resource, start, options, encode, encode_bookmark)
        return Stream(stream, form.content_type)

    # writing

    async def _create(self, request: Request, call: Call) -> Response:
        whole = self._operations.reviews.answers(call.resource)
        form = negotiate(request.headers.get("accept", ""), whole=whole)
        body = await self._decoded(request, call)
        if call.subresource:
            done = self._operations.post_subresource(call, body)
            return encoded(Form(form.media_type), 201, done)
        return self._object(request, call, form, 201, self._operations.create(call, body))

    async def _update(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        body = await self._decoded(request, call)
        entry, created = self._operations.put(call, body)
        return self._object(request, call, form, 201 if created else 200, entry)

    async def _patch(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        media = request.headers.get("content-type", "").partition(";")[0].strip()
        kind = PATCH_TYPES.get(media)
        custom = not is_built_in(call.resource.group)
        if kind is None or (custom and kind == "strategic"):
            accepted = ", ".join(media for media, known in PATCH_TYPES.items() if not custom or known != "strategic")
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
        entry, gone = self._operations.delete(call, await delete_options(request, call))
        if not gone or call.resource.full_name in _RETURNED:
            return self._object(request, call, form, 200, entry)
        details = {"name": call.name, "group": call.resource.group, "kind": call.resource.plural}
        details["uid"] = entry.value["metadata"].get("uid", "")
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return encoded(Form(form.media_type), 200, {**status, "details": {k: v for k, v in details.items() if v}})

    async def _deletecollection(self, request: Request, call: Call) -> Response:
        form = negotiate(request.headers.get("accept", ""))
        listing = list_options(request, call)
        deleted = self._registry.delete_collection(call, await delete_options(request, call), listing)
        resource = call.resource
        head = {"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": {"resourceVersion": ""}}
        items = [self._registry.from_storage(resource, e.value) for e in deleted]
        return encoded(Form(form.media_type), 200, {**head, "items": items})

    # encoding

    async def _decoded(self, request: Request, call: Call) -> Object:
        resource = call.resource
        found = call.resource.subresource(call.subresource)
        group, version, kind = resource.group, resource.version, resource.kind
        if found is not None:
            group, version, kind = found.group, found.version, found.kind
        api_version = f"{group}/{version}" if group else version
        media = request.headers.get("content-type", "application/json")
        schema = self._registry.schema(resource) if kind == resource.kind else schema_for(group, version, kind)
        obj, warnings = decode(await request.body(), media, schema, api_version, kind, call.field_validation)
        call.warnings += warnings
        return obj

    def _raw(self, resource: Resource, entry: Entry) -> bytes:
        if is_built_in(resource.group) and resource.stored_as == resource.api_version:
            return entry.raw
        converted = self._registry.from_storage(resource, entry.value)
        return entry.raw if converted is entry.value else orjson.dumps(converted)

    def _object(self, request: Request, call: Call, form: Form, code: int, entry: Entry) -> Response:
        if form.kind == "Table" and call.subresource in ("", "scale", "status"):
            return encoded(form, code, self._table(request, call, [entry], {"resourceVersion": str(entry.revision)}))
        if form.kind == "PartialObjectMetadata":
            return encoded(form, code, partial(entry.value))
        raw = self._raw(call.resource, entry) if entry.value["kind"] == call.resource.kind else entry.raw
        return _serialized(form, code, raw + b"\n")

    def _table(self, request: Request, call: Call, entries: Iterable[Entry], meta: Object) -> Object:
        part = call.resource.subresource(call.subresource)
        shown = part if part is not None and part.kind != call.resource.kind else call.resource
        objects = [e.value if shown is part else self._registry.from_storage(call.resource, e.value) for e in entries]
        include = request.query.get("includeObject", "Metadata")
        return printers.table(shown, objects, self._registry.kernel.now(), include, meta)


def _serialized(form: Form, code: int, raw: bytes) -> Response:
    """Return an answer with an object that is in JSON already, with the newline at its end."""
    if form.media_type == "application/json":
        return Response(code, raw, is_object=True)
    return encoded(form, code, orjson.loads(raw))
