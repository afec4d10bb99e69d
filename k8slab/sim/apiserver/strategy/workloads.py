"""Strategy of Jobs, DaemonSets, Deployments, Namespaces and CustomResourceDefinitions, beyond what all kinds do.

Upstream: pkg/registry/batch/job/strategy.go (generateSelector), pkg/registry/apps/daemonset/strategy.go,
pkg/registry/core/namespace/strategy.go, k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go.
"""

from k8slab.apimachinery.types import Object

__all__ = ["prepare_daemon_set", "prepare_daemon_set_update", "prepare_definition", "prepare_definition_update",
           "prepare_job", "prepare_namespace", "prepare_namespace_update"]  # fmt: skip

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_FINALIZER = "kubernetes"


def prepare_job(job: Object) -> None:
    """Tie the pods to this Job by labels that nobody else has; needs ``metadata.uid``."""
    spec, meta = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    template = spec["template"].setdefault("metadata", {})
    labels = template.get("labels")
    if labels is None:
        labels = template["labels"] = {}
    for prefix in ("batch.kubernetes.io/", ""):
        labels.setdefault(f"{prefix}controller-uid", meta["uid"])
        labels.setdefault(f"{prefix}job-name", meta["name"])
    if spec.get("selector") is None:
        spec["selector"] = {}
    matched = spec["selector"].get("matchLabels")
    if matched is None:
        matched = spec["selector"]["matchLabels"] = {}
    matched.setdefault("batch.kubernetes.io/controller-uid", meta["uid"])
    if not meta.get("labels"):
        meta["labels"] = dict(labels)


def prepare_daemon_set(daemon_set: Object) -> None:
    """The number of the template, which older clients still read."""
    annotations = daemon_set["metadata"].get("annotations")
    if annotations is None:
        annotations = daemon_set["metadata"]["annotations"] = {}
    annotations.setdefault(_TEMPLATE_GENERATION, "1")


def prepare_daemon_set_update(new: Object, old: Object) -> None:
    """A changed template has the next number."""
    before = (old["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "1")
    changed = (new.get("spec") or {}).get("template") != (old.get("spec") or {}).get("template")
    annotations = new["metadata"].get("annotations")
    if annotations is None:
        annotations = new["metadata"]["annotations"] = {}
    annotations[_TEMPLATE_GENERATION] = str(int(before) + 1) if changed else before


def prepare_namespace(namespace: Object) -> None:
    """A new namespace is Active, and goes only when its content has gone."""
    namespace["status"] = {"phase": "Active"}
    spec = namespace.setdefault("spec", {})
    finalizers = spec.get("finalizers") or []
    if _FINALIZER not in finalizers:
        spec["finalizers"] = [*finalizers, _FINALIZER]
    labels = namespace["metadata"].get("labels")
    if labels is None:
        labels = namespace["metadata"]["labels"] = {}
    labels["kubernetes.io/metadata.name"] = namespace["metadata"]["name"]


def prepare_namespace_update(new: Object, old: Object) -> None:
    """Finalizers of the content change only through the finalize subresource."""
    spec = new.setdefault("spec", {})
    finalizers = (old.get("spec") or {}).get("finalizers")
    if finalizers:
        spec["finalizers"] = finalizers
    else:
        spec.pop("finalizers", None)


def prepare_definition(definition: Object) -> None:
    """The storage version of a new CRD is the one it has stored."""
    versions = (definition.get("spec") or {}).get("versions") or ()
    stored = [version.get("name") for version in versions if version.get("storage")]
    definition["status"] = {
        "conditions": [],
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored[:1],
    }


def prepare_definition_update(new: Object, old: Object) -> None:
    """A new storage version joins those that have been stored."""
    versions = (new.get("spec") or {}).get("versions") or ()
    status = new.get("status") or {}
    known = status.get("storedVersions") or []
    added = [v.get("name") for v in versions if v.get("storage") and v.get("name") not in known]
    if added:
        new["status"] = {**status, "storedVersions": [*known, *added]}
