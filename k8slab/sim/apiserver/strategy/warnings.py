"""Warnings that a write answers with: it works, but probably not as meant.

Upstream: pkg/api/pod/warnings.go, pkg/api/node/util.go, pkg/api/service/warnings.go, the WarningsOnCreate of the strategies, and
the finalizer warning of k8s.io/apiserver/pkg/registry/rest.
"""

from collections.abc import Iterator

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.strategy.stored_only import claims_stored_only, container_fields_stored_only, stored_only
from k8slab.sim.apiserver.validation.rules import rules_not_here

__all__ = ["warnings"]


_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_TEMPLATES = {
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): ("spec", "template"),
}
_NAMES = {
    ("", "Pod"): "the Pod's hostname",
    ("", "ReplicationController"): "Pod names and hostnames",
    ("apps", "Deployment"): "Pod names and hostnames",
    ("apps", "ReplicaSet"): "Pod names and hostnames",
    ("batch", "Job"): "Pod names and hostnames",
}
_STANDARD_FINALIZERS = {"orphan", "foregroundDeletion", "kubernetes"}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def warnings(resource: Resource, obj: Object, old: Object | None = None) -> list[str]:
    """Return the texts for the Warning headers of a create (without `old`) or an update.

    Parameters
    ----------
    resource
        What the object is.
    obj
        The object as it is going to be stored.
    old
        The object as it was stored; what has not changed is not warned of again where upstream does so.
    """
    key = (resource.group, resource.kind)
    found = [*_finalizer_warnings(obj, old), *stored_only(*key, obj, old)]
    if old is None and key in _NAMES:
        found += _name_warnings(obj["metadata"].get("name", ""), _NAMES[key])
    if key == ("", "Pod"):
        if old is None or old.get("spec") != obj.get("spec"):
            found += _pod_warnings(obj["metadata"], obj.get("spec") or {}, "")
        return found
    path = _TEMPLATES.get(key)
    if path is not None:
        template, before = _at(obj, path), _at(old or {}, path)
        if template and template != before:
            prefix = ".".join(path) + "."
            found += _pod_warnings(template.get("metadata") or {}, template.get("spec") or {}, prefix)
    if key == ("", "Service"):
        found += _service_warnings(obj)
    elif key == ("", "Node") and ((obj.get("spec") or {}).get("configSource") is not None):
        found.append("spec.configSource: the spec.configSource field is deprecated since v1.22 and non-functional")
    elif key == ("", "Endpoints"):
        found.append("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    elif key == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        for i, version in enumerate(obj["spec"].get("versions") or ()):
            schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
            found += rules_not_here(schema, f"spec.versions[{i}].schema.openAPIV3Schema")
    return found


def _at(obj: Object, path: tuple[str, ...]) -> Object:
    for name in path:
        obj = obj.get(name) or {}
    return obj


def _finalizer_warnings(obj: Object, old: Object | None) -> Iterator[str]:
    known = ((old or {}).get("metadata") or {}).get("finalizers") or ()
    for name in obj["metadata"].get("finalizers") or ():
        if "/" not in name and name not in _STANDARD_FINALIZERS and name not in known:
            yield (
                f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name including a path (/) to avoid '
                "accidental conflicts with other finalizer writers"
            )


def _pod_warnings(meta: Object, spec: Object, prefix: str) -> Iterator[str]:
    """Warn about a pod (`prefix` is empty) or a template (its path with a dot)."""
    yield from claims_stored_only(spec, f"{prefix}spec")
    yield from _label_warnings(spec, prefix)
    annotations = meta.get("annotations") or {}
    for name, message in _ANNOTATIONS.items():
        if name in annotations:
            yield f"{prefix}metadata.annotations[{name}]: {message}"
    for i, volume in enumerate(spec.get("volumes") or ()):
        for kind, message in _VOLUMES.items():
            if kind in volume:
                yield f"{prefix}spec.volumes[{i}].{kind}: {message}"
    yield from _duplicates(spec.get("hostAliases") or [], "ip", f"{prefix}spec.hostAliases")
    yield from _duplicates(spec.get("imagePullSecrets") or [], "name", f"{prefix}spec.imagePullSecrets")
    for i, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            yield f'{prefix}spec.imagePullSecrets[{i}].name: invalid empty name ""'
    for path, container in _containers(spec, prefix):
        yield from container_fields_stored_only(container, path)
        yield from _container_warnings(container, path)
    yield from _port_warnings(spec, prefix)
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        yield f"{prefix}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _affinity_warnings(spec.get("affinity") or {}, f"{prefix}spec.affinity")


def _containers(spec: Object, prefix: str) -> Iterator[tuple[str, Object]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for i, container in enumerate(spec.get(field) or ()):
            yield f"{prefix}spec.{field}[{i}]", container


def _label_warnings(spec: Object, prefix: str) -> Iterator[str]:
    for label in spec.get("nodeSelector") or ():
        if label in _NODE_LABELS:
            yield f"{prefix}spec.nodeSelector[{label}]: {_NODE_LABELS[label]}"
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    path = f"{prefix}spec.affinity.nodeAffinity"
    terms = [
        (f"{path}.{_REQUIRED}.nodeSelectorTerms[{i}]", term)
        for i, term in enumerate((node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ())
    ]
    terms += [
        (f"{path}.{_PREFERRED}[{i}].preference", term.get("preference") or {})
        for i, term in enumerate(node.get(_PREFERRED) or ())
    ]
    for at, term in terms:
        for i, expression in enumerate(term.get("matchExpressions") or ()):
            label = expression.get("key")
            if label in _NODE_LABELS:
                yield f"{at}.matchExpressions[{i}].key: {label} is {_NODE_LABELS[label]}"
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        at, label = f"{prefix}spec.topologySpreadConstraints[{i}]", constraint.get("topologyKey")
        if label in _NODE_LABELS:
            yield f"{at}.topologyKey: {label} is {_NODE_LABELS[label]}"
        if constraint.get("labelSelector") is None:
            yield f"{at}.labelSelector: a null labelSelector results in matching no pod"


def _duplicates(items: list[Object], name: str, path: str) -> Iterator[str]:
    seen = set()
    for i, item in enumerate(items):
        value = item.get(name, "")
        if value in seen:
            yield f'{path}[{i}].{name}: duplicate {name} "{value}"'
        seen.add(value)


def _container_warnings(container: Object, path: str) -> Iterator[str]:
    resources = container.get("resources") or {}
    for resource in ("memory", "ephemeral-storage"):
        for field in ("limits", "requests"):
            quantity = (resources.get(field) or {}).get(resource)
            if quantity is not None and parse_quantity(quantity).denominator != 1:
                detail = f'fractional byte value "{quantity}" is invalid, must be an integer'
                yield f"{path}.resources.{field}[{resource}]: {detail}"
    variables = container.get("env") or []
    if len(variables) < 2:
        return
    seen: set[str] = set()
    for i, variable in enumerate(variables):
        name = variable.get("name", "")
        reference, value = f"$({name})", variable.get("value", "")
        if name in seen and ("valueFrom" in variable or value == reference or reference not in value):
            yield f'{path}.env[{i}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _port_warnings(spec: Object, prefix: str) -> Iterator[str]:
    seen: dict[tuple[int, str], list[tuple[str, Object]]] = {}
    for path, container in _containers(spec, prefix):
        for i, port in enumerate(container.get("ports") or ()):
            at = f"{path}.ports[{i}]"
            others = seen.setdefault((port.get("containerPort", 0), port.get("protocol", "")), [])
            for other_at, other in others:
                problem = _port_conflict(port, other)
                if problem:
                    yield f"{at}: {problem} port definition with {other_at}"
            others.append((at, port))


def _port_conflict(port: Object, other: Object) -> str:
    address, number = port.get("hostIP", ""), port.get("hostPort", 0)
    if address == other.get("hostIP", "") and number == other.get("hostPort", 0):
        return "duplicate"
    if number == 0 or other.get("hostPort", 0) == 0:
        return "overlapping"
    if number == other.get("hostPort", 0) and bool(address) != bool(other.get("hostIP", "")):
        return "dangerously ambiguous"
    return ""


def _affinity_warnings(affinity: Object, path: str) -> Iterator[str]:
    detail = "a null labelSelector results in matching no pod"
    for name in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(name) or {}
        for i, term in enumerate(rules.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{name}.{_REQUIRED}[{i}].labelSelector: {detail}"
        for i, term in enumerate(rules.get(_PREFERRED) or ()):
            if (term.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{name}.{_PREFERRED}[{i}].podAffinityTerm.labelSelector: {detail}"


def _name_warnings(name: str, where: str) -> Iterator[str]:
    problems = dns1123_label(name)
    if problems:
        yield (
            f"metadata.name: this is used in {where}, which can result in surprising behavior; a DNS label is recommended: "
            f"[{' '.join(problems)}]"
        )


def _service_warnings(service: Object) -> Iterator[str]:
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName" and spec.get("sessionAffinity") == "ClientIP":
        yield "spec.SessionAffinity is ignored for ExternalName services"
    elif spec.get("clusterIP") == "None" and spec.get("sessionAffinity") == "ClientIP":
        yield "spec.SessionAffinity is ignored for headless services"
    if spec.get("clusterIP") == "None" and spec.get("loadBalancerIP"):
        yield "spec.loadBalancerIP is ignored for headless services"
