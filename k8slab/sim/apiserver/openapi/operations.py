"""Paths and operations of a resource, as OpenAPI v3 describes them.

Upstream: k8s.io/apiserver/pkg/endpoints/installer.go (which routes a storage gets) and pkg/endpoints/openapi (their names).
kubectl finds a kind for ``explain`` by the path, and checks by ``x-kubernetes-group-version-kind`` and the parameters of
PATCH what the server can do. Simplified: the deprecated ``/watch/`` paths are left out; media types are those that the
embedded server speaks.
"""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.openapi import parameters as param
from k8slab.sim.apiserver.openapi.schemas import DELETE_OPTIONS, PATCH, STATUS, DefinitionNames
from k8slab.sim.apiserver.resources import Resource, Subresource

__all__ = ["paths_of", "roots_of"]

_REF = "#/components/schemas/"
_JSON, _YAML = "application/json", "application/yaml"
_PATCH_TYPES = ("application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json")
_STRATEGIC = "application/strategic-merge-patch+json"
_CONNECT_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_METHOD_OF = {"get": "get", "update": "put", "patch": "patch", "create": "post", "delete": "delete"}
_ACTION = {"get": "get", "put": "put", "patch": "patch", "post": "post", "delete": "delete"}
_VERB_NAME = {"get": "read", "put": "replace", "patch": "patch", "post": "create", "delete": "delete"}
_SENTENCE = {
    "get": "read the specified {kind}",
    "put": "replace the specified {kind}",
    "patch": "partially update the specified {kind}",
    "post": "create a {kind}",
    "delete": "delete a {kind}",
}
_CODES = {
    "get": ("200",),
    "put": ("200", "201"),
    "patch": ("200", "201"),
    "post": ("200", "201", "202"),
    "delete": ("200", "202"),
}
_CODE_TEXT = {"200": "OK", "201": "Created", "202": "Accepted"}
_PARAMETERS = {"get": [], "put": param.CHANGE, "patch": param.PATCH, "post": param.CHANGE, "delete": param.DELETE}


def paths_of(resource: Resource, names: DefinitionNames) -> Iterator[tuple[str, Object]]:
    """Return each path of a resource with its path item."""
    return _Paths(resource, names).items()


def roots_of(resource: Resource, names: DefinitionNames) -> Iterator[str]:
    """Return the definitions that the operations of a resource name."""
    for kind in (resource.kind, resource.list_kind):
        yield names.find(resource.group, resource.version, kind)
    for sub in resource.subresources:
        yield names.find(sub.group, sub.version, sub.kind)
    yield from (DELETE_OPTIONS, PATCH, STATUS)


class _Paths:
    def __init__(self, resource: Resource, names: DefinitionNames) -> None:
        self._resource, self._names = resource, names
        root = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
        self._everywhere = f"{root}/{resource.plural}"
        self._collection = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else self._everywhere
        short = resource.group.removesuffix(".k8s.io") or "core"
        self._id = "".join(part.title() for part in short.split(".")) + resource.version.title()
        self._tag = "_".join([*short.split("."), resource.version])
        self._scope = "Namespaced" if resource.namespaced else ""
        built_in = names.published(resource.group, resource.version, resource.kind)
        # Strategic merge needs Go types; custom resources have none.
        self._patch_types = (*_PATCH_TYPES, _STRATEGIC) if built_in else _PATCH_TYPES

    def items(self) -> Iterator[tuple[str, Object]]:
        resource = self._resource
        collection = self._collection_operations()
        if collection:
            yield self._collection, self._item(collection, named=False)
        one = self._object_operations()
        if one:
            yield f"{self._collection}/{{name}}", self._item(one)
        if resource.namespaced and "list" in resource.verbs:
            operation = self._list(f"list{self._id}{resource.kind}ForAllNamespaces")
            yield self._everywhere, {"get": operation, "parameters": [param.PRETTY]}
        for sub in resource.subresources:
            path = f"{self._collection}/{{name}}/{sub.name}"
            yield path, self._item(self._sub_operations(sub))
            if sub.name == "proxy":
                yield f"{path}/{{path}}", self._item(self._sub_operations(sub, "WithPath"), extra=[param.PATH])

    def _item(self, operations: Object, named: bool = True, extra: list[Object] | None = None) -> Object:
        shared = [_name_parameter(self._resource.kind)] if named else []
        shared += [param.NAMESPACE] if self._resource.namespaced else []
        return {**operations, "parameters": [*shared, *(extra or []), param.PRETTY]}

    def _collection_operations(self) -> Object:
        resource, operations = self._resource, {}
        if "list" in resource.verbs:
            operations["get"] = self._list(f"list{self._id}{self._scope}{resource.kind}")
        if "create" in resource.verbs:
            operations["post"] = self._write("post")
        if "deletecollection" in resource.verbs:
            operations["delete"] = self._operation(
                f"delete{self._id}Collection{self._scope}{resource.kind}",
                f"delete collection of {resource.kind}",
                "deletecollection",
                parameters=[*param.DELETE, *param.LIST[1:-1]],
                body=_body(DELETE_OPTIONS, required=False),
                responses=_responses(("200",), STATUS),
            )
        return operations

    def _object_operations(self) -> Object:
        verbs = self._resource.verbs
        methods = [method for verb, method in _METHOD_OF.items() if verb in verbs and verb != "create"]
        return {method: self._write(method) for method in methods}

    def _sub_operations(self, sub: Subresource, suffix: str = "") -> Object:
        if sub.kind.endswith("Options"):
            methods = _CONNECT_METHODS if sub.name == "proxy" else ("get", "post")
            return {method: self._connect(sub, method, suffix) for method in methods}
        return {method: self._write(method, sub) for verb, method in _METHOD_OF.items() if verb in sub.verbs}

    def _list(self, operation_id: str) -> Object:
        resource = self._resource
        answer = _content(self._definition(resource.list_kind), (_JSON, f"{_JSON};stream=watch", _YAML))
        return self._operation(
            operation_id,
            f"list or watch objects of kind {resource.kind}",
            "list",
            parameters=param.LIST,
            responses={"200": {"description": "OK", "content": answer}},
        )

    def _write(self, method: str, sub: Subresource | None = None) -> Object:
        """Return the operation of a method on one object or on one of its subresources."""
        kind = self._resource.kind
        definition = self._names.find(sub.group, sub.version, sub.kind) if sub else self._definition(kind)
        sentence = _SENTENCE[method].format(kind=kind)
        if sub:
            sentence = sentence.replace(
                "a " if method == "post" else "the ", f"{sub.name} of {'a ' if method == 'post' else 'the '}", 1
            )
        responses = _responses(_CODES[method], STATUS if method == "delete" else definition)
        parameters = _PARAMETERS[method]
        if sub and sub.name == "log":
            responses, parameters = _text_response(), param.CONNECT["pods/log"]
        return self._operation(
            f"{_VERB_NAME[method]}{self._id}{self._scope}{kind}{_title(sub.name) if sub else ''}",
            sentence,
            _ACTION[method],
            parameters=parameters,
            body=self._request_body(method, definition),
            responses=responses,
            sub=sub,
        )

    def _request_body(self, method: str, definition: str) -> Object | None:
        match method:
            case "get":
                return None
            case "delete":
                return _body(DELETE_OPTIONS, required=False)
            case "patch":
                return {"content": _content(PATCH, self._patch_types), "required": True}
            case _:
                return _body(definition)

    def _connect(self, sub: Subresource, method: str, suffix: str) -> Object:
        kind = self._resource.kind
        return self._operation(
            f"connect{self._id}{method.title()}{self._scope}{kind}{_title(sub.name)}{suffix}",
            f"connect {method.upper()} requests to {sub.name} of {kind}",
            "connect",
            parameters=param.CONNECT.get(f"{self._resource.plural}/{sub.name}", []),
            responses=_text_response(),
            sub=sub,
        )

    def _definition(self, kind: str) -> str:
        return self._names.find(self._resource.group, self._resource.version, kind)

    def _operation(
        self,
        operation_id: str,
        description: str,
        action: str,
        *,
        parameters: list[Object],
        responses: Object,
        body: Object | None = None,
        sub: Subresource | None = None,
    ) -> Object:
        kind = sub or self._resource
        operation: Object = {"tags": [self._tag], "description": description, "operationId": operation_id}
        if parameters:
            operation["parameters"] = parameters
        if body:
            operation["requestBody"] = body
        return operation | {
            "responses": {**responses, "401": {"description": "Unauthorized"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        }


def _title(name: str) -> str:
    """Return a subresource as operation ids have it; only few are more than one word.

    >>> _title("ephemeralcontainers"), _title("status")
    ('Ephemeralcontainers', 'Status')
    """
    return name[:1].upper() + name[1:]


def _name_parameter(kind: str) -> Object:
    return {
        "name": "name",
        "in": "path",
        "description": param.NAME.format(kind=kind),
        "required": True,
        "schema": {"type": "string"},
    }


def _content(definition: str, media_types: tuple[str, ...]) -> Object:
    return {media_type: {"schema": {"$ref": _REF + definition}} for media_type in media_types}


def _body(definition: str, required: bool = True) -> Object:
    body: Object = {"content": _content(definition, (_JSON, _YAML))}
    return body | {"required": True} if required else body


def _responses(codes: tuple[str, ...], definition: str) -> Object:
    return {code: {"description": _CODE_TEXT[code], "content": _content(definition, (_JSON, _YAML))} for code in codes}


def _text_response() -> Object:
    return {"200": {"description": "OK", "content": {"*/*": {"schema": {"type": "string"}}}}}
