"""Secrets and ConfigMaps.

Upstream: pkg/apis/core/validation (ValidateSecret, ValidateConfigMap and their updates).
"""

import base64
import json

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import config_map_key
from k8slab.sim.apiserver.validation.fields import Errors, forbidden, immutable, invalid, invalid_each, required, too_long

__all__ = ["config_map_errors", "config_map_update_errors", "secret_errors", "secret_update_errors"]

_MAX_SIZE = 1024 * 1024
_DOCKER = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}
_ACCOUNT = "kubernetes.io/service-account.name"
_FROZEN = "field is immutable when `immutable` is set"


def _decoded_size(text: str) -> int:
    return len(text) * 3 // 4 - text.endswith("=") - text.endswith("==")


def secret_errors(secret: Object) -> Errors:
    """Check a Secret, its metadata aside."""
    data = secret.get("data") or {}
    errors: Errors = []
    for key in data:
        errors += invalid_each(f"data[{key}]", key, config_map_key(key))
    if sum(map(_decoded_size, data.values())) > _MAX_SIZE:
        errors.append(too_long("data", _MAX_SIZE))
    return errors + _type_errors(secret, data)


def _type_errors(secret: Object, data: dict[str, str]) -> Errors:
    kind = secret.get("type", "")
    if kind == "kubernetes.io/service-account-token":
        named = (secret["metadata"].get("annotations") or {}).get(_ACCOUNT)
        return [] if named else [required(f"metadata.annotations[{_ACCOUNT}]")]
    if kind in _DOCKER:
        return _docker_errors(data, _DOCKER[kind])
    if kind == "kubernetes.io/basic-auth":
        keys = ("username", "password")
        return [] if any(key in data for key in keys) else [required(f"data[{key}]") for key in keys]
    if kind == "kubernetes.io/ssh-auth":
        return [] if data.get("ssh-privatekey") else [required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _docker_errors(data: dict[str, str], key: str) -> Errors:
    if key not in data:
        return [required(f"data[{key}]")]
    try:
        content = json.loads(base64.b64decode(data[key]))
        problem = "" if isinstance(content, dict) else "json: cannot unmarshal into Go value of type map[string]interface {}"
    except ValueError:
        problem = "unexpected end of JSON input" if not data[key] else "invalid character looking for beginning of value"
    return [invalid(f"data[{key}]", "<secret contents redacted>", problem)] if problem else []


def secret_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a Secret: the type stays, and everything once it is immutable."""
    errors = immutable(new.get("type", ""), old.get("type", ""), "type")
    return errors + _frozen_errors(new, old, ("data",)) + secret_errors(new)


def _frozen_errors(new: Object, old: Object, fields: tuple[str, ...]) -> Errors:
    if not old.get("immutable"):
        return []
    errors = [] if new.get("immutable") else [forbidden("immutable", _FROZEN)]
    return errors + [forbidden(name, _FROZEN) for name in fields if (new.get(name) or {}) != (old.get(name) or {})]


def config_map_errors(config_map: Object) -> Errors:
    """Check a ConfigMap, its metadata aside."""
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    errors: Errors = []
    size = 0
    for key, value in data.items():
        errors += invalid_each(f"data[{key}]", key, config_map_key(key))
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(value) if value.isascii() else len(value.encode())
    for key, value in binary.items():
        errors += invalid_each(f"binaryData[{key}]", key, config_map_key(key))
        size += _decoded_size(value)
    return [*errors, too_long("[]", _MAX_SIZE)] if size > _MAX_SIZE else errors


def config_map_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a ConfigMap: nothing changes once it is immutable."""
    return _frozen_errors(new, old, ("data", "binaryData")) + config_map_errors(new)
