"""Which form of an answer a client wants: JSON, YAML, a Table, or metadata only.

Upstream: k8s.io/apiserver/pkg/endpoints/handlers/negotiation. Protobuf is never produced; clients that would like it name
JSON as a second choice, and get that.
"""

from dataclasses import dataclass
from functools import lru_cache

from k8slab.sim.apiserver.errors import StatusError

__all__ = ["Form", "negotiate"]


@dataclass(frozen=True)
class Form:
    """The chosen form: media type and, of a transformed answer, its kind (``Table``, ``PartialObjectMetadata``, ...)."""

    media_type: str = "application/json"
    kind: str = ""
    group: str = ""
    version: str = ""

    @property
    def content_type(self) -> str:
        """The Content-Type header."""
        if not self.kind:
            return self.media_type
        return f"{self.media_type};as={self.kind};g={self.group};v={self.version}"


_TRANSFORMS = {"Table", "PartialObjectMetadata", "PartialObjectMetadataList", "APIGroupDiscoveryList"}
_TYPES = {
    "application/json": "application/json",
    "*/*": "application/json",
    "application/*": "application/json",
    "application/yaml": "application/yaml",
    "application/x-yaml": "application/yaml",
}


@lru_cache(maxsize=256)
def negotiate(accept: str, streaming: bool = False, whole: bool = False) -> Form:
    """Choose the first acceptable form of an Accept header.

    A stream of events (a watch) has no YAML form, and the answer to a question (``whole``) is no Table.

    >>> negotiate("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").kind
    'Table'
    >>> negotiate("application/vnd.kubernetes.protobuf, application/json").media_type
    'application/json'

    Raises
    ------
    StatusError
        406 if nothing that is accepted can be produced.
    """
    if not accept.strip():
        return Form()
    for item in accept.split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        options = dict(p.partition("=")[::2] for p in parameters)
        chosen = _TYPES.get(media)
        if chosen is None or (streaming and chosen != "application/json"):
            continue
        kind = options.get("as", "")
        if not kind:
            return Form(chosen)
        if kind in _TRANSFORMS and not whole and options.get("v") in ("v1", "v1beta1", "v2", "v2beta1"):
            return Form(chosen, kind, options.get("g", ""), options["v"])
    supported = "application/json" if streaming else "application/json, application/yaml"
    raise StatusError(406, "NotAcceptable", f"only the following media types are accepted: {supported}")
