"""The patch types that work on the stored object: JSON patch, JSON merge patch, strategic merge patch.

Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go. `decode_patch` reads a request's body, the others
return a new object. Server-side apply is the fourth type and lives in `managedfields`.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.patch.body import decode_patch
from k8slab.sim.apiserver.patch.json_patch import json_patch
from k8slab.sim.apiserver.patch.merge_patch import merge_patch
from k8slab.sim.apiserver.patch.strategic import strategic_merge_patch
from k8slab.sim.apiserver.schema import TypeSchema

__all__ = ["decode_patch", "json_patch", "merge_patch", "patch", "strategic_merge_patch"]


def patch(kind: str, doc: Object, body: Any, schema: TypeSchema) -> Object:
    """Return the object after a decoded patch of type "json", "merge" or "strategic"."""
    if kind == "json":
        return json_patch(doc, body)
    return merge_patch(doc, body) if kind == "merge" else strategic_merge_patch(doc, body, schema)
