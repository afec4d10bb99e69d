"""The parameters of a request: metav1.ListOptions, CreateOptions, PatchOptions, DeleteOptions ... from query and body.

Upstream: k8s.io/apimachinery/pkg/apis/meta/v1 (types.go) and meta/v1/validation, meta/internalversion/validation.
"""

import random
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.decode import decode
from k8slab.sim.apiserver.deletion import DeleteOptions
from k8slab.sim.apiserver.errors import FieldError, StatusError, bad_request, invalid, method_not_allowed, resource_not_found
from k8slab.sim.apiserver.http import Request
from k8slab.sim.apiserver.listing import ListOptions, selection
from k8slab.sim.apiserver.registry import Call
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import schema_for
from k8slab.sim.apiserver.watch import WatchOptions

__all__ = ["call_of", "delete_options", "list_options", "not_routed", "watch_options"]

#: A watch without ``timeoutSeconds`` ends after a random time in this range, as upstream's (minRequestTimeout).
_WATCH_SECONDS = (1800, 3600)
_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_MANAGER_LIMIT = 128
_NOT_OLDER = "NotOlderThan"


def call_of(request: Request, info: RequestInfo, resource: Resource, user: UserInfo) -> Call:
    """Return the call that a request makes.

    Raises
    ------
    StatusError
        422 for options that make no sense.
    """
    query = request.query
    dry_run = [value for value in request.query_values("dryRun") if value]
    manager = query.get("fieldManager", "")
    validation = query.get("fieldValidation", "")
    _refuse(_KINDS.get(info.verb, "DeleteOptions"), _option_errors(dry_run, manager, validation))
    manager = manager or request.headers.get("user-agent", "unknown").partition("/")[0][:_MANAGER_LIMIT]
    namespace = info.namespace if resource.namespaced else ""
    call = Call(user, resource, namespace, info.name, info.subresource, manager, bool(dry_run), validation or "Warn")
    call.annotations = request.annotations
    return call


def _refuse(kind: str, errors: list[FieldError]) -> None:
    if errors:
        raise invalid("meta.k8s.io", kind, "", errors)


def _option_errors(dry_run: list[str], manager: str, validation: str) -> list[FieldError]:
    errors = _dry_run_errors(dry_run)
    if len(manager.encode()) > _MANAGER_LIMIT:
        errors.append(FieldError("FieldValueTooLong", "fieldManager", f"may not be more than {_MANAGER_LIMIT} bytes"))
    if not manager.isprintable():
        errors.append(FieldError("FieldValueInvalid", "fieldManager", "should only contain printable characters", manager))
    if validation not in ("", "Strict", "Warn", "Ignore"):
        detail = 'supported values: "", "Ignore", "Strict", "Warn"'
        errors.append(FieldError("FieldValueNotSupported", "fieldValidation", detail, validation))
    return errors


def _dry_run_errors(dry_run: list[str]) -> list[FieldError]:
    if all(value == "All" for value in dry_run):
        return []
    return [FieldError("FieldValueNotSupported", "dryRun", 'supported values: "All"', dry_run)]


def list_options(request: Request, call: Call) -> ListOptions:
    """Return the options of a list."""
    query = request.query
    chosen = selection(call.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    match, version = query.get("resourceVersionMatch", ""), query.get("resourceVersion", "")
    token = query.get("continue", "")
    errors = [_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")] if _given(query) else []
    if match:
        errors += _match_errors(match, version, token)
    _refuse("ListOptions", errors)
    return ListOptions(chosen, request.number("limit") or 0, token, version, match)


def _given(query: dict[str, str]) -> bool:
    return "sendInitialEvents" in query


def _forbidden(field: str, detail: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, detail)


def _match_errors(match: str, version: str, token: str) -> list[FieldError]:
    field, errors = "resourceVersionMatch", []
    if not version:
        errors.append(_forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
    if token:
        errors.append(_forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
    if match not in ("Exact", _NOT_OLDER):
        errors.append(FieldError("FieldValueNotSupported", field, 'supported values: "Exact", "NotOlderThan", ""', match))
    if match == "Exact" and version == "0":
        errors.append(_forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    return errors


def watch_options(request: Request, call: Call) -> WatchOptions:
    """Return the options of a watch; one of a single object is a watch of its name."""
    query = request.query
    fields = query.get("fieldSelector", "")
    if call.name:
        fields = f"metadata.name={call.name}" + (f",{fields}" if fields else "")
    version, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    _refuse("ListOptions", _initial_events_errors(_given(query), match))
    if version and not (version.isascii() and version.isdigit()):
        raise bad_request(f'invalid resource version: strconv.ParseUint: parsing "{version}": invalid syntax')
    return WatchOptions(
        selection=selection(call.resource, query.get("labelSelector", ""), fields),
        resource_version=version,
        send_initial_events=request.flag("sendInitialEvents") if _given(query) else None,
        bookmarks=request.flag("allowWatchBookmarks"),
        timeout_seconds=request.number("timeoutSeconds") or random.uniform(*_WATCH_SECONDS),
    )


def _initial_events_errors(given: bool, match: str) -> list[FieldError]:
    field = "resourceVersionMatch"
    if given and match != _NOT_OLDER:
        return [_forbidden(field, f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}")]
    if match and not given:
        return [_forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]
    return []


async def delete_options(request: Request, call: Call) -> DeleteOptions:
    """Return the options of a delete, from its body or else its query; a dry run in the body is noted in the call."""
    raw, query = await request.body(), request.query
    options: Object = {}
    if raw.strip():
        media = request.headers.get("content-type", "application/json")
        options, _ = decode(raw, media, schema_for("", "v1", "DeleteOptions"), "v1", "DeleteOptions", "Ignore")
    dry_run = options.get("dryRun") or []
    orphan = options.get("orphanDependents")
    policy: Any = options.get("propagationPolicy") or query.get("propagationPolicy")
    if "orphanDependents" in query:
        orphan = request.flag("orphanDependents")
    _refuse("DeleteOptions", _dry_run_errors(dry_run) + _propagation_errors(policy, orphan))
    call.dry_run = call.dry_run or bool(dry_run)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    preconditions = options.get("preconditions") or {}
    grace = options.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
    return DeleteOptions(grace, policy, preconditions.get("uid"), preconditions.get("resourceVersion"))


def _propagation_errors(policy: Any, orphan: bool | None) -> list[FieldError]:
    field = "propagationPolicy"
    if policy is not None and orphan is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        return [FieldError("FieldValueInvalid", field, detail, policy)]
    if policy not in (None, "Orphan", "Background", "Foreground"):
        detail = 'supported values: "Background", "Foreground", "Orphan", "nil"'
        return [FieldError("FieldValueNotSupported", field, detail, policy)]
    return []


def not_routed(request: Request, info: RequestInfo, resource: Resource) -> StatusError | None:
    """Return why no route leads from a method and path to a resource: 404, 405, or None if there is one."""
    missing, refused = resource_not_found(), method_not_allowed()
    namespace = info.namespace if info.resource != "namespaces" else ""
    if info.subresource and resource.subresource(info.subresource) is None:
        return missing
    if namespace and not resource.namespaced:
        return missing
    if request.method == "HEAD":
        return refused
    if resource.namespaced and not namespace:
        if info.verb in ("get", "update", "patch", "delete"):
            return missing
        if info.verb in ("create", "deletecollection"):
            return refused
    if info.verb == "create" and info.name and not info.subresource:
        return refused
    if info.verb in ("update", "patch") and not info.name:
        return refused
    return None
