"""Defaults of the kinds in the other API groups.

Upstream: pkg/apis/{autoscaling,networking,rbac,storage,discovery,scheduling,admissionregistration}/*/defaults.go and
k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go.
"""

from k8slab.apimachinery.types import Object

__all__ = ["default_autoscaler", "default_definition", "default_endpoint_slice",
           "default_ingress_class", "default_network_policy", "default_priority_class", "default_role_binding",
           "default_storage_class", "default_webhooks"]  # fmt: skip

_RBAC = "rbac.authorization.k8s.io"
_SCALE_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_SCALE_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def default_autoscaler(autoscaler: Object) -> None:
    """At least one replica; in v2 80% of the requested CPU, and the usual behavior where one is begun."""
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not autoscaler.get("apiVersion", "").endswith("/v2"):
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if spec.get("behavior") is not None:
        for direction, rules in (("scaleUp", _SCALE_UP), ("scaleDown", _SCALE_DOWN)):
            given = spec["behavior"].get(direction) or {}
            usual = {key: [dict(p) for p in value] if isinstance(value, list) else value for key, value in rules.items()}
            spec["behavior"][direction] = {**usual, **{k: v for k, v in given.items() if v is not None}}


def default_network_policy(policy: Object) -> None:
    """Ingress, and Egress where there is an egress rule; TCP."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                if not port.get("protocol"):
                    port["protocol"] = "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def default_ingress_class(ingress_class: Object) -> None:
    """Parameters are cluster-scoped."""
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def default_role_binding(binding: Object) -> None:
    """The API groups of the role and of the subjects."""
    reference = binding.get("roleRef")
    if reference is not None and not reference.get("apiGroup"):
        reference["apiGroup"] = _RBAC
    for subject in binding.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = _RBAC


def default_storage_class(storage_class: Object) -> None:
    """Delete, Immediate."""
    if storage_class.get("reclaimPolicy") is None:
        storage_class["reclaimPolicy"] = "Delete"
    if storage_class.get("volumeBindingMode") is None:
        storage_class["volumeBindingMode"] = "Immediate"


def default_priority_class(priority_class: Object) -> None:
    """Pods of the class may preempt."""
    priority_class.setdefault("value", 0)
    if priority_class.get("preemptionPolicy") is None:
        priority_class["preemptionPolicy"] = "PreemptLowerPriority"


def default_endpoint_slice(piece: Object) -> None:
    """Ports have a name, if an empty one, and TCP."""
    for port in piece.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        if port.get("protocol") is None:
            port["protocol"] = "TCP"


def default_webhooks(configuration: Object) -> None:
    """Fail closed, ten seconds, all namespaces and objects."""
    mutating = configuration.get("kind") == "MutatingWebhookConfiguration"
    for hook in configuration.get("webhooks") or ():
        for name, value in (("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("timeoutSeconds", 10)):
            if hook.get(name) is None:
                hook[name] = value
        if mutating and hook.get("reinvocationPolicy") is None:
            hook["reinvocationPolicy"] = "Never"
        for name in ("namespaceSelector", "objectSelector"):
            if hook.get(name) is None:
                hook[name] = {}
        for rule in hook.get("rules") or ():
            if rule.get("scope") is None:
                rule["scope"] = "*"
        service = (hook.get("clientConfig") or {}).get("service")
        if service is not None and service.get("port") is None:
            service["port"] = 443


def default_definition(definition: Object) -> None:
    """Singular and list kind follow from the kind; no conversion."""
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = names.get("kind", "")
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if not names.get("listKind") and kind:
        names["listKind"] = f"{kind}List"
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
