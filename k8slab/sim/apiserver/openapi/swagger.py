"""The OpenAPI v2 (Swagger) document, translated from the v3 parts.

Upstream: k8s.io/kube-openapi/pkg/builder. Served as JSON only; kubectl asks for it in protobuf, and only if a server has no
OpenAPI v3, so the HTTP layer answers that with 406.
"""

from k8slab.apimachinery.types import Object

__all__ = ["swagger"]

_V3, _V2 = "#/components/schemas/", "#/definitions/"
_METHODS = frozenset(("get", "put", "post", "delete", "patch", "head", "options"))


def swagger(info: Object, paths: Object, schemas: Object) -> Object:
    """Return the v2 document of all paths and schemas."""
    bearer = {"type": "apiKey", "in": "header", "name": "authorization", "description": "Bearer Token authentication"}
    return {
        "swagger": "2.0",
        "info": info,
        "paths": {path: _path_item(item) for path, item in paths.items()},
        "definitions": {name: _schema(schema) for name, schema in schemas.items()},
        "securityDefinitions": {"BearerToken": bearer},
        "security": [{"BearerToken": []}],
    }


def _path_item(item: Object) -> Object:
    return {
        key: _operation(value) if key in _METHODS else [_parameter(p) for p in value] if key == "parameters" else value
        for key, value in item.items()
    }


def _operation(operation: Object) -> Object:
    translated = {k: v for k, v in operation.items() if k not in ("parameters", "requestBody", "responses")}
    parameters = [_parameter(p) for p in operation.get("parameters", ())]
    body = operation.get("requestBody")
    consumes = list(body["content"]) if body else ["*/*"]
    if body:
        first = next(iter(body["content"].values()))
        required = {"required": True} if body.get("required") else {}
        parameters.insert(0, {"in": "body", "name": "body", **required, "schema": _schema(first["schema"])})
    produces: dict[str, None] = {}
    for response in operation["responses"].values():
        produces |= dict.fromkeys(response.get("content", ()))
    return translated | {
        "consumes": consumes,
        "produces": list(produces),
        "schemes": ["https"],
        "parameters": parameters,
        "responses": {code: _response(response) for code, response in operation["responses"].items()},
    }


def _parameter(parameter: Object) -> Object:
    flat = {k: v for k, v in parameter.items() if k != "schema"}
    flat.update(parameter["schema"])
    return flat


def _response(response: Object) -> Object:
    content = response.get("content")
    if not content:
        return response
    return {"description": response["description"], "schema": _schema(next(iter(content.values()))["schema"])}


def _schema(schema: Object) -> Object:
    """Return a schema with v2's references; a reference wrapped for v3's sake is unwrapped, Swagger has no oneOf."""
    translated: Object = {}
    for key, value in schema.items():
        match key:
            case "allOf":
                translated |= {k: v for part in value for k, v in _schema(part).items()}
            case "$ref":
                translated["$ref"] = value.replace(_V3, _V2)
            case "oneOf":
                translated["type"] = "string"
            case "properties":
                translated["properties"] = {name: _schema(part) for name, part in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                translated[key] = _schema(value)
            case "default":
                pass
            case _:
                translated[key] = value
    return translated
