"""Environment variables: values, and where they come from.

Upstream: pkg/apis/core/validation (ValidateEnv, ValidateEnvFrom) and pkg/apis/core/pods (which fields can be asked for).
"""

import re

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import config_map_key, dns1123_subdomain, environment_name, label_key, masked_prefix
from k8slab.sim.apiserver.validation.fields import Errors, invalid, invalid_each, not_supported, required

__all__ = ["VOLUME_FIELDS", "env_errors", "env_from_errors", "field_ref_errors", "resource_ref_errors"]

_ENV_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
               "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")  # fmt: skip
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_KNOWN_FIELDS = {*_ENV_FIELDS, *VOLUME_FIELDS, "status.phase", "spec.restartPolicy", "spec.schedulerName"}
_RESOURCES = ("limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
              "requests.memory")  # fmt: skip
_SUBSCRIPT = re.compile(r"(.+)\['(.*)'\]")
_SIZES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_DIVISORS = {"cpu": (("1m", "1"), "1m and 1", "cpu"), "memory": (_SIZES, ", ".join(_SIZES), "memory"),
             "ephemeral-storage": (_SIZES, ", ".join(_SIZES), "local ephemeral storage")}  # fmt: skip
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef")


def env_errors(variables: list[Object], path: str) -> Errors:
    """Check ``env`` of a container."""
    errors: Errors = []
    for i, variable in enumerate(variables):
        name = variable.get("name")
        if not name:
            errors.append(required(f"{path}[{i}].name"))
        elif environment_name(name):
            errors += invalid_each(f"{path}[{i}].name", name, environment_name(name))
        if variable.get("valueFrom") is not None:
            errors += _source_errors(variable, f"{path}[{i}].valueFrom")
    return errors


def _source_errors(variable: Object, path: str) -> Errors:
    source = variable["valueFrom"]
    errors: Errors = []
    if "fieldRef" in source:
        errors += field_ref_errors(source["fieldRef"], _ENV_FIELDS, f"{path}.fieldRef")
    if "resourceFieldRef" in source:
        errors += resource_ref_errors(source["resourceFieldRef"], f"{path}.resourceFieldRef", volume=False)
    for name in ("configMapKeyRef", "secretKeyRef"):
        if name in source:
            errors += _key_errors(source[name], f"{path}.{name}")
    count = sum(name in source for name in (*_SOURCES, "fileKeyRef"))
    if count == 0:
        detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(invalid(path, "", detail))
    elif variable.get("value"):
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors


def field_ref_errors(reference: Object, allowed: tuple[str, ...], path: str) -> Errors:
    """Check a reference to a field of the pod itself."""
    field = reference.get("fieldPath", "")
    if not reference.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    if not field:
        return [required(f"{path}.fieldPath")]
    subscripted = _SUBSCRIPT.fullmatch(field)
    base = subscripted[1] if subscripted else field
    if (base if subscripted else field) not in _KNOWN_FIELDS:
        detail = f"error converting fieldPath: field label not supported: {base}"
        return [invalid(f"{path}.fieldPath", field, detail)]
    if subscripted:
        if base == "metadata.annotations":
            return invalid_each(path, subscripted[2].lower(), label_key(subscripted[2].lower()))
        if base == "metadata.labels":
            return invalid_each(path, subscripted[2], label_key(subscripted[2]))
        return [invalid(path, base, "does not support subscript")]
    return [] if field in allowed else [not_supported(f"{path}.fieldPath", field, allowed)]


def resource_ref_errors(reference: Object, path: str, volume: bool) -> Errors:
    """Check a reference to requests or limits of a container."""
    resource = reference.get("resource", "")
    errors: Errors = []
    if volume and not reference.get("containerName"):
        errors.append(required(f"{path}.containerName"))
    elif not resource:
        errors.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    divisor, rule = reference.get("divisor", "0"), _DIVISORS.get(resource.partition(".")[2])
    if divisor != "0" and rule and divisor not in rule[0]:
        detail = f"only divisor's values {rule[1]} are supported with the {rule[2]} resource"
        errors.append(invalid(f"{path}.divisor", resource, detail))
    return errors


def _key_errors(reference: Object, path: str) -> Errors:
    name, key = reference.get("name", ""), reference.get("key", "")
    errors = invalid_each(f"{path}.name", name, dns1123_subdomain(name))
    return errors + (invalid_each(f"{path}.key", key, config_map_key(key)) if key else [required(f"{path}.key")])


def env_from_errors(sources: list[Object], path: str) -> Errors:
    """Check ``envFrom`` of a container."""
    errors: Errors = []
    for i, source in enumerate(sources):
        prefix = source.get("prefix")
        if prefix:
            errors += invalid_each(f"{path}[{i}].prefix", prefix, environment_name(prefix))
        given = [name for name in ("configMapRef", "secretRef") if name in source]
        for name in given:
            at, target = f"{path}[{i}].{name}.name", source[name].get("name", "")
            errors += invalid_each(at, target, dns1123_subdomain(masked_prefix(target))) if target else [required(at)]
        if not given:
            errors.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(invalid(path, "", "may not have more than one field specified at a time"))
    return errors
