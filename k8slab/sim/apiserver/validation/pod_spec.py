"""A pod's spec, alone or inside a template.

Upstream: pkg/apis/core/validation (ValidatePodSpec, ValidatePodTemplateSpec).
Simplified: the consistency of pod-level resources with those of containers is only checked for requests above limits.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label, dns1123_subdomain, ip_address, label_key, range_message
from k8slab.sim.apiserver.validation.containers import containers_errors
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.objectmeta import annotations_errors, labels_errors
from k8slab.sim.apiserver.validation.resources import requirements_errors
from k8slab.sim.apiserver.validation.scheduling import affinity_errors, gates_errors, spread_errors, tolerations_errors
from k8slab.sim.apiserver.validation.security import pod_security_errors
from k8slab.sim.apiserver.validation.volumes import volumes_errors

__all__ = ["pod_annotations_errors", "pod_spec_errors", "pod_template_errors"]

_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION = ("PreemptLowerPriority", "Never")
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_NAMES = (("serviceAccountName", dns1123_subdomain), ("nodeName", dns1123_subdomain))
_LABELS = (("hostname", dns1123_label), ("subdomain", dns1123_label))


def pod_template_errors(template: Object, path: str) -> Errors:
    """Check a pod template: its labels, its annotations, its spec."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    errors = labels_errors(meta.get("labels") or {}, f"{path}.labels")
    if meta.get("annotations"):
        errors += annotations_errors(meta["annotations"], f"{path}.annotations")
        errors += pod_annotations_errors(meta["annotations"], f"{path}.annotations")
    errors += pod_spec_errors(spec, f"{path}.spec", is_pod=False)
    if spec.get("ephemeralContainers"):
        errors.append(forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
    return errors


def pod_annotations_errors(annotations: dict[str, str], path: str) -> Errors:
    """Check the annotations that mean something for a pod."""
    cost = annotations.get(_DELETION_COST)
    if cost is None:
        return []
    try:
        fine = (-(2**31) <= int(cost) < 2**31 and not cost.startswith(("+", "0", " "))) or cost == "0"
    except ValueError:
        fine = False
    return [] if fine else [invalid(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer")]


def pod_spec_errors(spec: Object, path: str, is_pod: bool) -> Errors:
    """Check a pod spec.

    Parameters
    ----------
    is_pod
        Whether it is the spec of a pod itself, for which host ports have to be defaulted already.
    """
    errors: Errors = []
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(required(f"{path}.terminationGracePeriodSeconds"))
    volumes: dict[str, Object] = {}
    if spec.get("volumes"):
        volumes, found = volumes_errors(spec["volumes"], f"{path}.volumes")
        errors += found
    claims: set[str] = set()
    if spec.get("resourceClaims"):
        claims = {claim.get("name", "") for claim in spec["resourceClaims"]}
        errors += _resource_claim_errors(spec["resourceClaims"], f"{path}.resourceClaims")
    errors += containers_errors(spec, path, volumes, claims)
    if spec.get("resources"):
        errors += requirements_errors(spec["resources"], f"{path}.resources", claims)
    if spec.get("hostNetwork"):
        errors += _host_network_errors(spec.get("containers") or [], f"{path}.containers", is_pod)
    _choice_errors(spec, path, errors)
    if spec.get("nodeSelector"):
        errors += labels_errors(spec["nodeSelector"], f"{path}.nodeSelector")
    if spec.get("securityContext"):
        errors += pod_security_errors(spec["securityContext"], spec, f"{path}.securityContext")
    if spec.get("affinity"):
        errors += affinity_errors(spec["affinity"], f"{path}.affinity")
    if "dnsConfig" in spec or spec.get("dnsPolicy") == "None":
        errors += _dns_errors(spec.get("dnsConfig"), spec.get("dnsPolicy", ""), f"{path}.dnsConfig")
    _scheduling_errors(spec, path, errors)
    _name_errors(spec, path, errors)
    return errors


def _choice_errors(spec: Object, path: str, errors: Errors) -> None:
    for name, supported in (("restartPolicy", _RESTART), ("dnsPolicy", _DNS)):
        value = spec.get(name, "")
        if value not in supported:
            field = f"{path}.{name}"
            errors.append(not_supported(field, value, supported) if value else required(field))


def _scheduling_errors(spec: Object, path: str, errors: Errors) -> None:
    for i, gate in enumerate(spec.get("readinessGates") or ()):
        condition = gate.get("conditionType", "")
        errors += invalid_each(f"{path}.readinessGates[{i}].conditionType", condition, label_key(condition))
    if spec.get("schedulingGates"):
        errors += gates_errors(spec["schedulingGates"], f"{path}.schedulingGates")
    if spec.get("topologySpreadConstraints"):
        errors += spread_errors(spec["topologySpreadConstraints"], f"{path}.topologySpreadConstraints")
    if spec.get("hostUsers") is False:
        detail = "when `pod.Spec.HostUsers` is false"
        for name, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
            if spec.get(name):
                errors.append(forbidden(f"{path}.{shown}", detail))


def _name_errors(spec: Object, path: str, errors: Errors) -> None:
    for name, rule in _NAMES:
        value = spec.get(name)
        if value and rule(value):
            errors += invalid_each(f"{path}.{name}", value, rule(value))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline < 2**31:
        errors.append(invalid(f"{path}.activeDeadlineSeconds", deadline, range_message(1, 2**31 - 1)))
    for name, rule in _LABELS:
        value = spec.get(name)
        if value and rule(value):
            errors += invalid_each(f"{path}.{name}", value, rule(value))
    if spec.get("tolerations"):
        errors += tolerations_errors(spec["tolerations"], f"{path}.tolerations")
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        at = f"{path}.hostAliases[{i}]"
        errors += invalid_each(f"{at}.ip", alias.get("ip", ""), ip_address(alias.get("ip", "")))
        for j, name in enumerate(alias.get("hostnames") or ()):
            errors += invalid_each(f"{at}.hostnames[{j}]", name, dns1123_subdomain(name))
    for name in ("priorityClassName", "runtimeClassName"):
        value = spec.get(name)
        if value:
            errors += invalid_each(f"{path}.{name}", value, dns1123_subdomain(value))
    preemption = spec.get("preemptionPolicy")
    if preemption is not None and preemption not in _PREEMPTION:
        errors.append(not_supported(f"{path}.preemptionPolicy", preemption, _PREEMPTION))
    if spec.get("overhead"):
        errors += requirements_errors({"limits": spec["overhead"]}, f"{path}.overhead", set())
    if "os" in spec:
        system = spec["os"].get("name", "")
        if not system:
            errors.append(required(f"{path}.os.name", "cannot be empty"))
        elif system not in ("linux", "windows"):
            errors.append(not_supported(f"{path}.os", system, ("linux", "windows")))


def _resource_claim_errors(claims: list[Object], path: str) -> Errors:
    errors: Errors = []
    names: set[str] = set()
    for i, claim in enumerate(claims):
        at = f"{path}[{i}]"
        name = claim.get("name", "")
        if not name:
            errors.append(required(f"{at}.name"))
        elif name in names:
            errors.append(duplicate(f"{at}.name", name))
        else:
            errors += invalid_each(f"{at}.name", name, dns1123_label(name))
        names.add(name)
        given = [field for field in ("resourceClaimName", "resourceClaimTemplateName") if field in claim]
        if len(given) > 1:
            detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            errors.append(invalid(at, claim, detail))
        if not given:
            detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            errors.append(invalid(at, claim, detail))
        for field in given:
            errors += invalid_each(f"{at}.{field}", claim[field], dns1123_subdomain(claim[field]))
    return errors


def _host_network_errors(containers: list[Object], path: str, is_pod: bool) -> Errors:
    detail = "must match `containerPort` when `hostNetwork` is true"
    return [
        invalid(f"{path}[{i}].ports[{j}].hostPort", port.get("hostPort", 0), detail)
        for i, container in enumerate(containers)
        for j, port in enumerate(container.get("ports") or ())
        if (is_pod or port.get("hostPort")) and port.get("hostPort", 0) != port.get("containerPort", 0)
    ]


def _dns_errors(config: Object | None, policy: str, path: str) -> Errors:
    if policy == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", detail)]
    if config is None:
        return []
    errors: Errors = []
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > 3:
        errors.append(invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for i, server in enumerate(servers):
        errors += invalid_each(f"{path}.nameservers[{i}]", server, ip_address(server))
    if len(searches) > 32:
        errors.append(invalid(f"{path}.searches", searches, "must not have more than 32 search paths"))
    if len(" ".join(searches)) > 2048:
        detail = "must not have more than 2048 characters (including spaces) in the search list"
        errors.append(invalid(f"{path}.searches", searches, detail))
    for i, search in enumerate(searches):
        bare = search.removesuffix(".")
        if bare:
            errors += invalid_each(f"{path}.searches[{i}]", bare, dns1123_subdomain(bare.replace("_", "")))
    for i, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(required(f"{path}.options[{i}]", "must not be empty"))
    return errors
