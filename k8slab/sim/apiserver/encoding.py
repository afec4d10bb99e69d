"""Answers in the form that was negotiated.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters, negotiation (isPrettyPrint) and response.go. An object in
JSON is one line with a newline at its end; whoever asks with ``?pretty=true``, or with curl, wget or a browser, gets it
indented, without the newline.
"""

import orjson

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.http import Request, Response
from k8slab.sim.apiserver.negotiation import Form

__all__ = ["encoded", "laid_out", "partial", "warning"]

_PEOPLE = ("curl", "Wget", "Mozilla/5.0")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


def encoded(form: Form, code: int, obj: Object) -> Response:
    """Return an answer with an object, as JSON or YAML."""
    if form.media_type == "application/yaml":
        import yaml

        return Response(code, yaml.safe_dump(obj, sort_keys=False).encode(), form.content_type)
    return Response(code, orjson.dumps(obj, option=orjson.OPT_APPEND_NEWLINE), form.content_type, is_object=True)


def laid_out(request: Request, response: Response) -> Response:
    """Lay an object out for its reader: for programs it is a line already, for people it is indented."""
    if response.is_object and _is_for_people(request):
        response.body = orjson.dumps(orjson.loads(response.body), option=orjson.OPT_INDENT_2)
    return response


def _is_for_people(request: Request) -> bool:
    asked = request.query.get("pretty", "")
    return asked in _TRUE if asked else request.headers.get("user-agent", "").startswith(_PEOPLE)


def partial(obj: Object) -> Object:
    """Return the PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def warning(text: str) -> bytes:
    """Return the value of a Warning header."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'299 - "{escaped}"'.encode("ascii", "replace")
