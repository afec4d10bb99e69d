"""Defaults of pods and pod templates.

Upstream: pkg/apis/core/v1/defaults.go (SetDefaults_PodSpec, SetDefaults_Pod, SetDefaults_Container, SetDefaults_Probe …).
Simplified: pod-level requests default to pod-level limits, without regard to what the containers ask for.
"""

from functools import lru_cache

from k8slab.apimachinery.types import Object

__all__ = ["default_pod", "default_pod_spec", "default_pod_template"]

_MODE = 0o644
_TOKEN_SECONDS = 3600
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_WITH_MODE = ("secret", "configMap", "downwardAPI", "projected")


def default_pod(pod: Object) -> None:
    """Defaults of a pod: those of its spec, and what only a real pod gets."""
    spec = pod.setdefault("spec", {})
    default_pod_spec(spec)
    if "enableServiceLinks" not in spec:
        spec["enableServiceLinks"] = True
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            _requests_from_limits(container)
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    if not port.get("hostPort"):
                        port["hostPort"] = port.get("containerPort", 0)
    if (spec.get("resources") or {}).get("limits"):
        _requests_from_limits(spec)


def _requests_from_limits(container: Object) -> None:
    resources = container.get("resources")
    if not resources or not resources.get("limits"):
        return
    requests = resources.setdefault("requests", {})
    for name, quantity in resources["limits"].items():
        requests.setdefault(name, quantity)


def default_pod_template(template: Object) -> None:
    """Defaults of the template in a workload."""
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


def default_pod_spec(spec: Object) -> None:
    """Defaults of a pod spec wherever it stands."""
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if spec.get("terminationGracePeriodSeconds") is None:
        spec["terminationGracePeriodSeconds"] = 30
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for volume in spec.get("volumes") or ():
        _default_volume(volume)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            _default_container(container)


def _default_container(container: Object) -> None:
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = _pull_policy(container.get("image", ""))
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    if container.get("resources") is None:
        container["resources"] = {}
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    for variable in container.get("env") or ():
        source = variable.get("valueFrom")
        if source:
            _default_env_source(source)
    for name in _PROBES:
        if name in container:
            _default_probe(container[name])
    if "lifecycle" in container:
        for hook in container["lifecycle"].values():
            if isinstance(hook, dict) and "httpGet" in hook:
                _default_http_get(hook["httpGet"])


def _default_env_source(source: Object) -> None:
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")


@lru_cache(maxsize=1024)
def _pull_policy(image: str) -> str:
    """Always for the moving tag "latest", written or implied; IfNotPresent for a tag or digest.

    >>> _pull_policy("nginx"), _pull_policy("registry:5000/nginx"), _pull_policy("nginx:1"), _pull_policy("nginx@sha256:0")
    ('Always', 'Always', 'IfNotPresent', 'IfNotPresent')
    """
    name, digest, _ = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    if colon:
        return "Always" if tag == "latest" else "IfNotPresent"
    return "IfNotPresent" if digest else "Always"


def _default_probe(probe: Object) -> None:
    for name, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(name):
            probe[name] = value
    if "httpGet" in probe:
        _default_http_get(probe["httpGet"])
    if "grpc" in probe and probe["grpc"].get("service") is None:
        probe["grpc"]["service"] = ""


def _default_http_get(action: Object) -> None:
    if not action.get("path"):
        action["path"] = "/"
    if not action.get("scheme"):
        action["scheme"] = "HTTP"


def _default_volume(volume: Object) -> None:
    if not volume.keys() - {"name"}:
        volume["emptyDir"] = {}
        return
    for kind in _WITH_MODE:
        source = volume.get(kind)
        if source is not None and source.get("defaultMode") is None:
            source["defaultMode"] = _MODE
    if "hostPath" in volume and volume["hostPath"].get("type") is None:
        volume["hostPath"]["type"] = ""
    if "image" in volume and not volume["image"].get("pullPolicy"):
        volume["image"]["pullPolicy"] = _pull_policy(volume["image"].get("reference", ""))
    for item in (volume.get("downwardAPI") or {}).get("items") or ():
        _default_env_source(item)
    for part in (volume.get("projected") or {}).get("sources") or ():
        for item in (part.get("downwardAPI") or {}).get("items") or ():
            _default_env_source(item)
        if "serviceAccountToken" in part and part["serviceAccountToken"].get("expirationSeconds") is None:
            part["serviceAccountToken"]["expirationSeconds"] = _TOKEN_SECONDS
    claim = ((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}).get("spec")
    if claim is not None:
        claim.setdefault("volumeMode", "Filesystem")
