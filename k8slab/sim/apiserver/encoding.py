"""Answers in the form that was negotiated.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters and response.go.
"""

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.http import Response
from k8slab.sim.apiserver.negotiation import Form

__all__ = ["encoded", "partial", "warning"]


def encoded(form: Form, code: int, obj: Object) -> Response:
    """Return an answer with an object, as JSON or YAML."""
    if form.media_type == "application/yaml":
        import yaml

        return Response(code, yaml.safe_dump(obj, sort_keys=False).encode(), form.content_type)
    return Response(code, orjson.dumps(obj), form.content_type)


def partial(obj: Object) -> Object:
    """Return the PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def warning(text: str) -> bytes:
    """Return the value of a Warning header."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'299 - "{escaped}"'.encode("ascii", "replace")
