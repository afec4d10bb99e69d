"""Declarative writing: server-side apply of YAML, as ``kubectl apply --server-side`` does it.

One request per object, the same whether it exists or not, so applying twice changes nothing. Upstream documentation:
https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from k8slab.apimachinery.types import Object
from k8slab.client.cluster import Cluster
from k8slab.errors import K8slabError

__all__ = ["Applied", "Manifest", "apply", "manifests"]

Manifest = str | Mapping[str, Any] | Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Applied:
    """What an apply did, one (object, "created" | "configured" | "unchanged") for each manifest."""

    results: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Say it as kubectl does."""
        return "\n".join(f"{name} {verb}" for name, verb in self.results)


def _place(error: yaml.YAMLError) -> str:
    """Return where a YAML text is wrong and why, with the line itself.

    >>> try:
    ...     yaml.safe_load("kind: Pod\\n metadata: {}")
    ... except yaml.YAMLError as error:
    ...     print(_place(error))
    , line 2, column 10: mapping values are not allowed here
     metadata: {}
             ^
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f": {error}"
    snippet = mark.get_snippet(indent=0, max_length=100)
    return f", line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', '')}" + (
        f"\n{snippet}" if snippet else ""
    )


def manifests(source: Manifest) -> list[Object]:
    """Return the objects of a YAML text (several documents, ``List`` objects), a dictionary or several.

    >>> manifests("{apiVersion: v1, kind: Pod, metadata: {name: web}}")[0]["metadata"]
    {'name': 'web'}

    Raises
    ------
    K8slabError
        If the YAML cannot be read or a document is not a Kubernetes object.
    """
    try:
        parts = list(yaml.safe_load_all(source)) if isinstance(source, str) else [source]
    except yaml.YAMLError as error:
        raise K8slabError(f"This is not valid YAML{_place(error)}") from error
    documents: list[Object] = []
    for part in parts:
        if part is None:
            continue
        if isinstance(part, Mapping):
            documents.extend(part["items"] if part.get("kind") == "List" else [dict(part)])
        elif isinstance(part, str):
            raise K8slabError(f"This is text, not a Kubernetes object: {part[:60]!r}. An object starts with apiVersion and kind.")
        else:
            documents.extend(dict(p) for p in part)
    for document in documents:
        _require(document)
    return documents


def _require(document: Object) -> None:
    for field in ("apiVersion", "kind"):
        if not document.get(field):
            raise K8slabError(f"The manifest has no {field!r}: every Kubernetes object says its apiVersion and its kind.")
    if not (document.get("metadata") or {}).get("name"):
        raise K8slabError(f"The manifest of this {document['kind']} has no metadata.name: apply must know which object it means.")


def apply(cluster: Cluster, source: Manifest, *, manager: str = "k8slab", force: bool = False) -> Applied:
    """Make the cluster's objects be as the manifests say; fields that they do not name are left alone.

    Raises
    ------
    ApiException
        409 if another manager owns a field that would change; ``force=True`` takes it over.
    """
    return Applied(tuple(_apply_one(cluster, document, manager, force) for document in manifests(source)))


def _apply_one(cluster: Cluster, document: Object, manager: str, force: bool) -> tuple[str, str]:
    resource = cluster.resources.of_kind(document["apiVersion"], document["kind"])
    meta = document["metadata"]
    namespace = (meta.get("namespace") or cluster.namespace) if resource.namespaced else ""
    before = cluster.find(resource.full_name, meta["name"], namespace)
    query = {"fieldManager": manager, "fieldValidation": "Strict", **({"force": "true"} if force else {})}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    after = cluster.request("PATCH", resource.path(namespace, meta["name"]), query, json.dumps(document), headers)
    name = f"{resource.label}/{meta['name']}"
    if before is None:
        return name, "created"
    same = before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]
    return name, "unchanged" if same else "configured"
