"""What steers a pod to a node: affinity, tolerations, spread constraints, gates; and taints, their other half.

Upstream: pkg/apis/core/validation (validateAffinity, ValidateTolerations, validateTopologySpreadConstraints, validateNodeTaints).
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_label, label_key, label_value
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    invalid_each,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.selectors import label_selector_errors, node_selector_errors, node_selector_term_errors

__all__ = ["added_tolerations_errors", "affinity_errors", "gates_errors", "removed_gates_errors", "spread_errors",
           "taints_errors", "tolerations_errors"]  # fmt: skip

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_WEIGHT = "must be in the range 1-100"


def affinity_errors(affinity: Object, path: str) -> Errors:
    """Check ``affinity``: of nodes, of pods, against pods."""
    errors: Errors = []
    node = affinity.get("nodeAffinity")
    if node:
        at = f"{path}.nodeAffinity"
        if _REQUIRED in node:
            errors += node_selector_errors(node[_REQUIRED], f"{at}.{_REQUIRED}")
        for i, term in enumerate(node.get(_PREFERRED) or ()):
            errors += _weight_errors(term, f"{at}.{_PREFERRED}[{i}]")
            errors += node_selector_term_errors(term.get("preference") or {}, f"{at}.{_PREFERRED}[{i}].preference", False)
    for name in ("podAffinity", "podAntiAffinity"):
        pod = affinity.get(name) or {}
        for i, term in enumerate(pod.get(_REQUIRED) or ()):
            errors += _pod_term_errors(term, f"{path}.{name}.{_REQUIRED}[{i}]")
        for i, term in enumerate(pod.get(_PREFERRED) or ()):
            at = f"{path}.{name}.{_PREFERRED}[{i}]"
            errors += _weight_errors(term, at)
            errors += _pod_term_errors(term.get("podAffinityTerm") or {}, f"{at}.podAffinityTerm")
    return errors


def _weight_errors(term: Object, path: str) -> Errors:
    weight = term.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid(f"{path}.weight", weight, _WEIGHT)]


def _pod_term_errors(term: Object, path: str) -> Errors:
    errors = label_selector_errors(term.get("labelSelector"), f"{path}.labelSelector")
    errors += label_selector_errors(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        errors += invalid_each(f"{path}.namespace", name, dns1123_label(name))
    errors += _label_keys_errors(term, path)
    key = term.get("topologyKey", "")
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + invalid_each(f"{path}.topologyKey", key, label_key(key))


def _label_keys_errors(term: Object, path: str) -> Errors:
    errors: Errors = []
    for name in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(name) or []
        if keys and term.get("labelSelector") is None:
            errors.append(forbidden(f"{path}.{name}", "must not be specified when labelSelector is not set"))
            continue
        for i, key in enumerate(keys):
            errors += invalid_each(f"{path}.{name}[{i}]", key, label_key(key))
    mismatched = term.get("mismatchLabelKeys") or []
    detail = "exists in both matchLabelKeys and mismatchLabelKeys"
    return errors + [
        invalid(f"{path}.matchLabelKeys[{i}]", key, detail)
        for i, key in enumerate(term.get("matchLabelKeys") or ())
        if key in mismatched
    ]


def tolerations_errors(tolerations: list[Object], path: str) -> Errors:
    """Check ``tolerations``."""
    errors: Errors = []
    for i, toleration in enumerate(tolerations):
        at = f"{path}[{i}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        value, effect = toleration.get("value", ""), toleration.get("effect", "")
        if key and label_key(key):
            errors += invalid_each(f"{at}.key", key, label_key(key))
        if not key and operator != "Exists":
            detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid(f"{at}.operator", operator, detail))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            errors.append(invalid(f"{at}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
        if operator in ("Equal", ""):
            if label_value(value):
                errors.append(invalid(f"{at}.operator", value, ";".join(label_value(value))))
        elif operator == "Exists":
            if value:
                errors.append(invalid(f"{at}.operator", value, "value must be empty when `operator` is 'Exists'"))
        else:
            errors.append(not_supported(f"{at}.operator", operator, ("Equal", "Exists")))
        if effect and effect not in _EFFECTS:
            errors.append(not_supported(f"{at}.effect", effect, _EFFECTS))
    return errors


def added_tolerations_errors(new: list[Object], old: list[Object], path: str) -> Errors:
    """On update tolerations may be added, and their seconds changed, nothing else."""
    if new == old:
        return tolerations_errors(new, path)

    def without_seconds(toleration: Object) -> Object:
        return {k: v for k, v in toleration.items() if k != "tolerationSeconds"}

    kept = [without_seconds(one) for one in new]
    if any(without_seconds(one) not in kept for one in old):
        return [forbidden(path, "existing toleration can not be modified except its tolerationSeconds")]
    return tolerations_errors(new, path)


def gates_errors(gates: list[Object], path: str) -> Errors:
    """Check ``schedulingGates``: qualified names, each once."""
    errors: Errors = []
    seen: set[str] = set()
    for i, gate in enumerate(gates):
        name = gate.get("name", "")
        errors += invalid_each(f"{path}[{i}]", name, label_key(name))
        if name in seen:
            errors.append(duplicate(f"{path}[{i}]", name))
        seen.add(name)
    return errors


def removed_gates_errors(new: list[Object], old: list[Object], path: str) -> Errors:
    """On update gates may only go away."""
    known = {gate.get("name") for gate in old}
    return [
        forbidden(f"{path}[{i}].name", f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'")
        for i, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def spread_errors(constraints: list[Object], path: str) -> Errors:
    """Check ``topologySpreadConstraints``."""
    errors: Errors = []
    for i, constraint in enumerate(constraints):
        at = f"{path}[{i}]"
        skew, key, action = (
            constraint.get("maxSkew", 0),
            constraint.get("topologyKey", ""),
            constraint.get("whenUnsatisfiable", ""),
        )
        if skew <= 0:
            errors.append(invalid(f"{at}.maxSkew", skew, "must be greater than zero"))
        if not key:
            errors.append(required(f"{at}.topologyKey", "can not be empty"))
        if action not in _ACTIONS:
            errors.append(not_supported(f"{at}.whenUnsatisfiable", action, _ACTIONS))
        if any(c.get("topologyKey") == key and c.get("whenUnsatisfiable") == action for c in constraints[i + 1 :]):
            errors.append(duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        domains = constraint.get("minDomains")
        if domains is not None:
            errors += _min_domains_errors(domains, action, f"{at}.minDomains")
        for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = constraint.get(name)
            if policy is not None and policy not in ("Honor", "Ignore"):
                errors.append(not_supported(f"{at}.{name}", policy, ("Honor", "Ignore")))
        if constraint.get("matchLabelKeys"):
            errors += _spread_keys_errors(constraint, f"{at}.matchLabelKeys")
        errors += label_selector_errors(constraint.get("labelSelector"), f"{at}.labelSelector")
    return errors


def _min_domains_errors(domains: int, action: str, path: str) -> Errors:
    errors = [invalid(path, domains, "must be greater than zero")] if domains <= 0 else []
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        errors.append(invalid(path, domains, detail))
    return errors


def _spread_keys_errors(constraint: Object, path: str) -> Errors:
    selector = constraint.get("labelSelector")
    errors: Errors = []
    if selector is None:
        errors.append(forbidden(path, "must not be specified when labelSelector is not set"))
    used = {*((selector or {}).get("matchLabels") or ())}
    used |= {e.get("key", "") for e in (selector or {}).get("matchExpressions") or ()}
    for i, key in enumerate(constraint["matchLabelKeys"]):
        errors += invalid_each(f"{path}[{i}]", key, label_key(key))
        if key in used:
            errors.append(invalid(f"{path}[{i}]", key, "exists in both matchLabelKeys and labelSelector"))
    return errors


def taints_errors(taints: list[Object], path: str) -> Errors:
    """Check the taints of a node: valid, and unique by key and effect."""
    errors: Errors = []
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(taints):
        at = f"{path}[{i}]"
        key, value, effect = taint.get("key", ""), taint.get("value", ""), taint.get("effect", "")
        errors += invalid_each(f"{at}.key", key, label_key(key))
        if label_value(value):
            errors.append(invalid(f"{at}.value", value, ";".join(label_value(value))))
        if not effect:
            errors.append(required(f"{at}.effect"))
        elif effect not in _EFFECTS:
            errors.append(not_supported(f"{at}.effect", effect, _EFFECTS))
        if (key, effect) in seen:
            errors.append(duplicate(at, taint, "taints must be unique by key and effect pair"))
        seen.add((key, effect))
    return errors
