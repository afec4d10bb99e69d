"""Environment variables of a container: fields, resources, ConfigMaps, Secrets, $(NAME) expansion. Pure.

Upstream: makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go, third_party/forked/golang/expansion.
"""

import re
from collections.abc import Callable, Mapping

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object

__all__ = ["ConfigError", "Source", "decode_secret", "expand", "field_value", "resolve_environment", "resource_value"]

#: Gives a ConfigMap or Secret by kind ("ConfigMap", "Secret") and name, None if there is none.
Source = Callable[[str, str], Object | None]

_REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")


class ConfigError(Exception):
    """The container cannot be made as specified (CreateContainerConfigError); the text is upstream's."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``$(NAME)``; unknown names stay, ``$$(NAME)`` escapes.

    >>> expand("http://$(HOST)/$(NOPE)/$$(HOST)", {"HOST": "web"})
    'http://web/$(NOPE)/$(HOST)'
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(replace, text) if "$" in text else text


def _quoted(text: str) -> str:
    """Go's %q, for what annotations hold."""
    import json

    return json.dumps(text, ensure_ascii=False)


def field_value(pod: Object, path: str, pod_ip: str, host_ip: str) -> str:
    """Return what a fieldRef stands for."""
    meta, spec = pod["metadata"], pod["spec"]
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if match is not None:
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        pairs = meta.get(path.partition(".")[2]) or {}
        return "\n".join(f"{k}={_quoted(v)}" for k, v in sorted(pairs.items()))
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta.get("namespace", ""),
        "metadata.uid": meta.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": host_ip,
        "status.hostIPs": host_ip,
        "status.podIP": pod_ip,
        "status.podIPs": pod_ip,
    }
    if path not in known:
        raise ConfigError(f'unsupported fieldPath: "{path}"')
    return str(known[path])


def resource_value(container: Object, reference: Object, allocatable: Mapping[str, str]) -> str:
    """Return what a resourceFieldRef stands for; a limit that is not set is what the node has."""
    kind, _, name = reference["resource"].partition(".")
    resources = container.get("resources") or {}
    found = (resources.get(kind) or {}).get(name)
    if found is None and kind == "limits":
        found = allocatable.get(name, "0")
    number = parse_quantity(found or "0") / (parse_quantity(str(reference.get("divisor") or "1")) or 1)
    return str(-((-number.numerator) // number.denominator))


def decode_secret(text: str) -> bytes:
    """Return a value of a Secret's ``data``."""
    import base64

    return base64.b64decode(text)


def resolve_environment(
    pod: Object,
    container: Object,
    sources: Source,
    links: Mapping[str, str],
    pod_ip: str,
    host_ip: str,
    allocatable: Mapping[str, str],
) -> dict[str, str]:
    """Return the variables of a container's ``envFrom`` and ``env``.

    Raises
    ------
    ConfigError
        If a ConfigMap, Secret or key that is not optional is missing.
    """
    result: dict[str, str] = {}
    for entry in container.get("envFrom") or ():
        result |= _from_object(pod, entry, sources)
    for variable in container.get("env") or ():
        if variable.get("valueFrom"):
            found = _value_from(pod, container, variable["valueFrom"], sources, pod_ip, host_ip, allocatable)
            if found is None:
                continue
            result[variable["name"]] = found
        else:
            result[variable["name"]] = expand(variable.get("value") or "", {**links, **result})
    return result


def _from_object(pod: Object, entry: Object, sources: Source) -> dict[str, str]:
    kind, reference = ("ConfigMap", entry["configMapRef"]) if entry.get("configMapRef") else ("Secret", entry["secretRef"])
    found = sources(kind, reference["name"])
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    prefix = entry.get("prefix") or ""
    return {prefix + k: _text(kind, v) for k, v in sorted((found.get("data") or {}).items())}


def _text(kind: str, value: str) -> str:
    return decode_secret(value).decode("utf-8", "replace") if kind == "Secret" else value


def _value_from(
    pod: Object, container: Object, origin: Object, sources: Source, pod_ip: str, host_ip: str, allocatable: Mapping[str, str]
) -> str | None:
    if origin.get("fieldRef"):
        return field_value(pod, origin["fieldRef"]["fieldPath"], pod_ip, host_ip)
    if origin.get("resourceFieldRef"):
        return resource_value(container, origin["resourceFieldRef"], allocatable)
    kind, reference = (
        ("ConfigMap", origin["configMapKeyRef"]) if origin.get("configMapKeyRef") else ("Secret", origin["secretKeyRef"])
    )
    found = sources(kind, reference["name"])
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{kind.lower()} "{reference["name"]}" not found')
    if reference["key"] not in (found.get("data") or {}):
        if reference.get("optional"):
            return None
        raise ConfigError(f"couldn't find key {reference['key']} in {kind} {pod['metadata']['namespace']}/{reference['name']}")
    return _text(kind, found["data"][reference["key"]])
