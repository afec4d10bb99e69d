"""Answers of API groups whose objects are not stored but made when somebody asks (upstream: aggregated API servers)."""

from collections.abc import Sequence

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.negotiation import negotiate
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource

__all__ = ["answer"]


def answer(
    request: Request,
    info: RequestInfo,
    resource: Resource,
    objects: Sequence[Object],
    now: float,
    list_meta: Object | None = None,
) -> Response:
    """Return objects in the form that was asked for: a table, a list, or the one object that the request names."""
    if negotiate(request.headers.get("accept", "")).kind == "Table":
        return Response.json(200, printers.table(resource, objects, now, request.query.get("includeObject", "Metadata"), {}))
    if info.verb == "list":
        head = {"apiVersion": resource.api_version, "kind": resource.list_kind, "metadata": list_meta or {}}
        return Response.json(200, {**head, "items": list(objects)})
    return Response.json(201 if info.verb == "create" else 200, objects[0])
