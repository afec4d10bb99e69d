"""The patch types that work on the stored object: JSON patch, JSON merge patch, strategic merge patch.

Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go. `decode_patch` reads a request's body, the others
return a new object. Server-side apply is the fourth type and lives in `managedfields`.
"""

from k8slab.sim.apiserver.patch.body import PatchKind, decode_patch
from k8slab.sim.apiserver.patch.json_patch import json_patch
from k8slab.sim.apiserver.patch.merge_patch import merge_patch
from k8slab.sim.apiserver.patch.strategic import strategic_merge_patch

__all__ = ["PatchKind", "decode_patch", "json_patch", "merge_patch", "strategic_merge_patch"]
