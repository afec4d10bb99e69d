"""The published schemas of Kubernetes 1.37, and what they leave out about its Go structs.

Upstream: api/openapi-spec and k8s.io/api. The schemas come with the package ``kubernetes-validate``; only its data file is
read (importing the package takes seconds). ``gofields.txt`` beside this file is ours. Called by `schema`.
"""

import importlib.util
from functools import cache
from pathlib import Path

from k8slab.apimachinery.types import Object

__all__ = ["definitions", "go_fields", "kinds", "slim_definitions"]

_API_VERSION = "v1.37.0"


def _data_file() -> Path:
    found = importlib.util.find_spec("kubernetes_validate")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("kubernetes-validate is not installed; install it with: pip install kubernetes-validate")
    return Path(found.origin).parent / "kubernetes-json-schema" / f"{_API_VERSION}-local" / "_definitions.json"


def definitions() -> dict[str, Object]:
    """Read the raw definitions by name (``io.k8s.api.core.v1.Pod``), with their descriptions; not kept in memory here."""
    import orjson

    loaded: dict[str, Object] = orjson.loads(_data_file().read_bytes())["$defs"]
    return loaded


@cache
def slim_definitions() -> dict[str, Object]:
    """Return the definitions without descriptions, which are nine tenths of the memory; kept."""
    slim = definitions()
    for spec in slim.values():
        spec.pop("description", None)
        for field in spec.get("properties", {}).values():
            field.pop("description", None)
    return slim


@cache
def kinds() -> dict[tuple[str, str, str], str]:
    """Return the names of the definitions by group, version and kind."""
    return {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, spec in slim_definitions().items()
        for gvk in spec.get("x-kubernetes-group-version-kind", ())
    }


@cache
def go_fields() -> dict[str, dict[str, tuple[str, str]]]:
    """Return of each definition the fields that leave the rule: (flag, Go type). The file's first lines explain the flags."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    package = ""
    for line in (Path(__file__).parent / "gofields.txt").read_text().splitlines():
        if line.startswith("["):
            package = line[1:-1]
        elif not line.startswith("#"):
            name, *fields = line.split(" ")
            found[f"{package}.{name}"] = dict(_go_field(field) for field in fields)
    return found


def _go_field(text: str) -> tuple[str, tuple[str, str]]:
    field, _, go = text.partition(":")
    return (field[:-1], (field[-1], go)) if field[-1] in "*!-=" else (field, ("", go))
