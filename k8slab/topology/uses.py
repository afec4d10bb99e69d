"""What a pod template names: ConfigMaps, Secrets, claims, its ServiceAccount, each with the field that names it."""

from collections.abc import Iterator

from k8slab.apimachinery.types import Object

__all__ = ["pod_spec_uses"]

_VOLUME = (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret"),
           ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"))  # fmt: skip


def pod_spec_uses(spec: Object, at: str = "spec") -> Iterator[tuple[str, str, str, bool]]:
    """Yield (kind, name, field, optional) of everything a pod's spec names.

    >>> list(pod_spec_uses({"volumes": [{"name": "c", "configMap": {"name": "web"}}]}))
    [('ConfigMap', 'web', 'spec.volumes[0].configMap.name', False)]
    """
    for i, volume in enumerate(spec.get("volumes") or ()):
        path = f"{at}.volumes[{i}]"
        for source, field, kind in _VOLUME:
            if source in volume and volume[source].get(field):
                yield kind, volume[source][field], f"{path}.{source}.{field}", bool(volume[source].get("optional"))
        for j, part in enumerate((volume.get("projected") or {}).get("sources") or ()):
            for source, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if part.get(source):
                    inner = part[source]
                    yield kind, inner["name"], f"{path}.projected.sources[{j}].{source}.name", bool(inner.get("optional"))
    for group in ("initContainers", "containers"):
        for i, container in enumerate(spec.get(group) or ()):
            yield from _container_uses(container, f"{at}.{group}[{i}]")
    for i, ref in enumerate(spec.get("imagePullSecrets") or ()):
        yield "Secret", ref["name"], f"{at}.imagePullSecrets[{i}].name", True
    if spec.get("serviceAccountName"):
        yield "ServiceAccount", spec["serviceAccountName"], f"{at}.serviceAccountName", False


def _container_uses(container: Object, at: str) -> Iterator[tuple[str, str, str, bool]]:
    kinds = {"configMapRef": "ConfigMap", "secretRef": "Secret", "configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
    for j, source in enumerate(container.get("envFrom") or ()):
        for ref, kind in kinds.items():
            if source.get(ref):
                yield kind, source[ref]["name"], f"{at}.envFrom[{j}].{ref}.name", bool(source[ref].get("optional"))
    for j, env in enumerate(container.get("env") or ()):
        for ref, kind in kinds.items():
            inner = (env.get("valueFrom") or {}).get(ref)
            if inner:
                yield kind, inner["name"], f"{at}.env[{j}].valueFrom.{ref}.name", bool(inner.get("optional"))
