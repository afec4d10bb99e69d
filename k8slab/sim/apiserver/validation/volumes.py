"""Volumes of a pod, and where containers mount them.

Upstream: pkg/apis/core/validation (ValidateVolumes, ValidateVolumeMounts, ValidateVolumeDevices).
Simplified: sources that only exist on a cloud or with a storage system of their own are counted but not looked into.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import config_map_key, dns1123_label
from k8slab.sim.apiserver.validation.env import VOLUME_FIELDS, field_ref_errors, resource_ref_errors
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_found,
    not_supported,
    quantity_less,
    required,
)

__all__ = ["descending_path_errors", "device_errors", "host_path_errors", "mount_errors", "volumes_errors"]

_SOURCES = ("emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
            "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
            "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
            "storageos", "projected", "scaleIO", "csi", "ephemeral", "image")  # fmt: skip
_HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")


def volumes_errors(volumes: list[Object], path: str) -> tuple[dict[str, Object], Errors]:
    """Check ``volumes`` and return those that are valid by name, which mounts may refer to."""
    errors: Errors = []
    valid: dict[str, Object] = {}
    for i, volume in enumerate(volumes):
        at = f"{path}[{i}]"
        name = volume.get("name")
        own = _volume_errors(volume, at)
        own += invalid_each(f"{at}.name", name, dns1123_label(name)) if name else [required(f"{at}.name")]
        if name in valid:
            own.append(duplicate(f"{at}.name", name))
        if own or name is None:
            errors += own
        else:
            valid[name] = volume
    return valid, errors


def _volume_errors(volume: Object, path: str) -> Errors:
    given = [source for source in _SOURCES if source in volume]
    if not given:
        return [required(path, "must specify a volume type")]
    errors = _source_errors(given[0], volume[given[0]], f"{path}.{given[0]}")
    detail = "may not specify more than 1 volume type"
    return errors + [forbidden(f"{path}.{source}", detail) for source in given[1:]]


def _source_errors(kind: str, source: Object, path: str) -> Errors:
    match kind:
        case "emptyDir":
            limit = source.get("sizeLimit")
            if limit is not None and quantity_less(limit, "0"):
                return [forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]
        case "hostPath":
            return host_path_errors(source, path)
        case "secret":
            return _items_source_errors(source, "secretName", path)
        case "configMap":
            return _items_source_errors(source, "name", path)
        case "downwardAPI":
            return _mode_errors(source, "defaultMode", path) + _downward_errors(source.get("items") or [], f"{path}.items")
        case "projected":
            return _projected_errors(source, path)
        case "persistentVolumeClaim":
            return _required_fields(source, ("claimName",), path)
        case "nfs":
            errors = _required_fields(source, ("server", "path"), path)
            if source.get("path") and not source["path"].startswith("/"):
                errors.append(invalid(f"{path}.path", source["path"], "must be an absolute path"))
            return errors
        case "csi":
            return _required_fields(source, ("driver",), path)
        case "ephemeral":
            if source.get("volumeClaimTemplate") is None:
                return [required(f"{path}.volumeClaimTemplate")]
        case "image":
            return _required_fields(source, ("reference",), path)
    return []


def _required_fields(source: Object, names: tuple[str, ...], path: str) -> Errors:
    return [required(f"{path}.{name}") for name in names if not source.get(name)]


def host_path_errors(source: Object, path: str) -> Errors:
    """Check a directory of the node."""
    if not source.get("path"):
        return [required(f"{path}.path")]
    errors = _backstep_errors(source["path"], f"{path}.path")
    kind = source.get("type", "")
    return errors if kind in _HOST_PATH_TYPES else [*errors, not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)]


def _items_source_errors(source: Object, name_field: str, path: str) -> Errors:
    errors = _required_fields(source, (name_field,), path)
    return errors + _mode_errors(source, "defaultMode", path) + _key_to_path_errors(source.get("items") or [], f"{path}.items")


def _mode_errors(source: Object, field: str, path: str) -> Errors:
    mode = source.get(field)
    return [] if mode is None or 0 <= mode <= 0o777 else [invalid(f"{path}.{field}", mode, _MODE)]


def _key_to_path_errors(items: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, item in enumerate(items):
        at = f"{path}[{i}]"
        key, target = item.get("key"), item.get("path")
        errors += invalid_each(f"{at}.key", key, config_map_key(key)) if key else [required(f"{at}.key")]
        errors += descending_path_errors(target, f"{at}.path") if target else [required(f"{at}.path")]
        errors += _mode_errors(item, "mode", at)
    return errors


def _downward_errors(items: list[Object], path: str) -> Errors:
    errors: Errors = []
    for i, item in enumerate(items):
        at = f"{path}[{i}]"
        target = item.get("path")
        errors += descending_path_errors(target, f"{at}.path") if target else [required(f"{at}.path")]
        if "fieldRef" in item:
            errors += field_ref_errors(item["fieldRef"], VOLUME_FIELDS, f"{at}.fieldRef")
            if "resourceFieldRef" in item:
                errors.append(invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
        elif "resourceFieldRef" in item:
            errors += resource_ref_errors(item["resourceFieldRef"], f"{at}.resourceFieldRef", volume=True)
        else:
            errors.append(required(at, "one of fieldRef and resourceFieldRef is required"))
        errors += _mode_errors(item, "mode", at)
    return errors


def _projected_errors(source: Object, path: str) -> Errors:
    errors = _mode_errors(source, "defaultMode", path)
    for i, part in enumerate(source.get("sources") or ()):
        at = f"{path}.sources[{i}]"
        if "secret" in part:
            errors += _items_source_errors(part["secret"], "name", f"{at}.secret")
        elif "configMap" in part:
            errors += _items_source_errors(part["configMap"], "name", f"{at}.configMap")
        elif "downwardAPI" in part:
            errors += _downward_errors(part["downwardAPI"].get("items") or [], f"{at}.downwardAPI.items")
        elif "serviceAccountToken" in part:
            errors += _token_errors(part["serviceAccountToken"], f"{at}.serviceAccountToken")
        elif not part:
            errors.append(required(at, "must specify a volume type"))
    return errors


def _token_errors(source: Object, path: str) -> Errors:
    seconds = source.get("expirationSeconds", 0)
    errors: Errors = []
    if seconds < 600:
        errors.append(invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"))
    elif seconds > 1 << 32:
        errors.append(invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"))
    target = source.get("path")
    return errors + (descending_path_errors(target, f"{path}.path") if target else [required(f"{path}.path")])


def _backstep_errors(text: str, path: str) -> Errors:
    return [invalid(path, text, "must not contain '..'")] if ".." in text.replace("\\", "/").split("/") else []


def descending_path_errors(text: str, path: str) -> Errors:
    """A path inside a volume: relative and never up."""
    errors = [invalid(path, text, "must be a relative path")] if text.startswith("/") else []
    return errors + _backstep_errors(text, path)


def mount_errors(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    """Check ``volumeMounts`` of a container."""
    errors: Errors = []
    devices = {d.get("name"): d.get("devicePath") for d in container.get("volumeDevices") or ()}
    points: set[str] = set()
    for i, mount in enumerate(container["volumeMounts"]):
        at = f"{path}[{i}]"
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            errors.append(required(f"{at}.name"))
        if name not in volumes:
            errors.append(not_found(f"{at}.name", name))
        if not target:
            errors.append(required(f"{at}.mountPath"))
        if target in points:
            errors.append(invalid(f"{at}.mountPath", target, "must be unique"))
        points.add(target)
        if name in devices:
            errors.append(invalid(f"{at}.name", name, "must not already exist in volumeDevices"))
        if target in devices.values():
            errors.append(invalid(f"{at}.mountPath", target, "must not already exist as a path in volumeDevices"))
        errors += _sub_path_errors(mount, at, path)
        propagation = mount.get("mountPropagation")
        if propagation is not None:
            errors += _propagation_errors(propagation, container, f"{path}.mountPropagation")
    return errors


def _sub_path_errors(mount: Object, at: str, path: str) -> Errors:
    errors: Errors = []
    sub_path, expression = mount.get("subPath"), mount.get("subPathExpr")
    if sub_path:
        errors += descending_path_errors(sub_path, f"{path}.subPath")
    if expression:
        if sub_path:
            errors.append(invalid(f"{at}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive"))
        errors += descending_path_errors(expression, f"{path}.subPathExpr")
    return errors


def _propagation_errors(propagation: str, container: Object, path: str) -> Errors:
    if propagation not in _PROPAGATIONS:
        return [not_supported(path, propagation, _PROPAGATIONS)]
    privileged = (container.get("securityContext") or {}).get("privileged")
    if propagation == "Bidirectional" and not privileged:
        return [forbidden(path, "Bidirectional mount propagation is available only to privileged containers")]
    return []


def device_errors(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    """Check ``volumeDevices`` of a container."""
    errors: Errors = []
    names: set[str] = set()
    for i, device in enumerate(container["volumeDevices"]):
        at = f"{path}[{i}]"
        name, target = device.get("name", ""), device.get("devicePath", "")
        if not name:
            errors.append(required(f"{at}.name"))
        if name in names:
            errors.append(invalid(f"{at}.name", name, "must be unique"))
        names.add(name)
        if name not in volumes:
            errors.append(not_found(f"{at}.name", name))
        elif not {"persistentVolumeClaim", "ephemeral"} & volumes[name].keys():
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(invalid(f"{at}.name", name, detail))
        if not target:
            errors.append(required(f"{at}.devicePath"))
    return errors
