"""Tables: what ``kubectl get`` shows, worked out by the server (``Accept: application/json;as=Table``).

Real component: the table convertors of kube-apiserver (pkg/printers, k8s.io/apiserver/pkg/registry/rest/table.go) and of
apiextensions-apiserver. Called by the HTTP layer after a get, list or watch; pure functions over objects.
Rows of each kind are in the modules named after what the kinds are about; a kind without a printer has Name and Created At.
"""

import json
from collections.abc import Iterable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.conversion import convert
from k8slab.sim.apiserver.errors import bad_request
from k8slab.sim.apiserver.printers.columns import CREATED_AT, NAME, Printer, find
from k8slab.sim.apiserver.printers.custom import custom_printer
from k8slab.sim.apiserver.resources import RESOURCES, Resource, Subresource

__all__ = ["table"]

_HUB = {(r.api_version, r.kind): r for r in RESOURCES}


def table(
    resource: Resource | Subresource,
    objects: Iterable[Object],
    now: float,
    include_object: str = "Metadata",
    list_meta: Object | None = None,
    version: str = "v1",
) -> Object:
    """Return objects as a ``Table`` of meta.k8s.io.

    Parameters
    ----------
    resource
        What the objects are; of a subresource with a kind of its own (scale) that subresource.
    objects
        In the version of the resource.
    now
        Ages are counted from here.
    include_object
        The parameter ``includeObject`` of the request: what a row carries of its object, "None", "Metadata" or "Object".
    list_meta
        Metadata of the list; of a single object its ``{"resourceVersion": ...}``.
    version
        Version of meta.k8s.io that was asked for.

    Raises
    ------
    StatusError
        400 if ``include_object`` is something else.

    Notes
    -----
    A watch sends one table per event; the HTTP layer leaves ``columnDefinitions`` out of all but the first.
    """
    if include_object not in ("", "None", "Metadata", "Object"):
        raise bad_request(f"unrecognized includeObject value: {json.dumps(include_object)}")
    printer = _printer_of(resource)
    found = sorted(objects, key=printer.order) if printer.order else objects
    api_version = f"meta.k8s.io/{version}"
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": list_meta or {},
        "columnDefinitions": printer.column_definitions(),
        "rows": [_row(printer, _hub_object(resource, obj), obj, now, include_object, api_version) for obj in found],
    }


def _generic_cells(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]


_generic = Printer((NAME, CREATED_AT), _generic_cells)


def _printer_of(resource: Resource | Subresource) -> Printer:
    # Loaded late, for the sake of the start: importing these modules registers their printers.
    from k8slab.sim.apiserver.printers import access, batch, cluster, metrics, network, pods, scaling, storage, workloads  # noqa: F401

    if not isinstance(resource, Resource):
        return find(resource.group, resource.kind) or _generic
    if resource.printer_columns is not None:
        return custom_printer(resource.printer_columns)
    return find(_hub_of(resource).group, resource.kind) or _generic


def _hub_of(resource: Resource) -> Resource:
    return _HUB.get((resource.stored_as, resource.kind), resource)


def _hub_object(resource: Resource | Subresource, obj: Object) -> Object:
    """Return the object in the version that printers know: there is one row for both versions of an autoscaler or event."""
    return convert(obj, resource, _hub_of(resource)) if isinstance(resource, Resource) else obj


def _row(printer: Printer, hub: Object, obj: Object, now: float, include_object: str, api_version: str) -> Object:
    row: Object = {"cells": printer.cells(hub, now)}
    conditions = printer.conditions(hub) if printer.conditions else []
    if conditions:
        row["conditions"] = conditions
    if include_object == "Object":
        row["object"] = obj
    elif include_object == "None":
        row["object"] = None
    else:
        row["object"] = {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}
    return row
