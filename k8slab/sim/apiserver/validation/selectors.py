"""Label selectors and node selectors inside other objects.

Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation (ValidateLabelSelector) and pkg/apis/core/validation
(ValidateNodeSelector and friends).
"""

from typing import Any

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.names import dns1123_subdomain, label_key, label_value
from k8slab.sim.apiserver.validation.fields import Errors, duplicate, forbidden, invalid, invalid_each, missing, required
from k8slab.sim.apiserver.validation.objectmeta import labels_errors

__all__ = ["label_selector_errors", "node_selector_errors", "node_selector_term_errors", "shown_selector",
           "template_label_errors", "topology_term_errors"]  # fmt: skip

_BAD_OPERATOR = "not a valid selector operator"
_WITH_VALUES = ("In", "NotIn")
_WITHOUT_VALUES = ("Exists", "DoesNotExist")


def label_selector_errors(selector: Object | None, path: str) -> Errors:
    """Check a ``LabelSelector``; None is fine."""
    if not selector:
        return []
    errors = labels_errors(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for i, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors += _requirement_errors(requirement, f"{path}.matchExpressions[{i}]")
    return errors


def _requirement_errors(requirement: Object, path: str) -> Errors:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    errors = _operator_errors(operator, values, path)
    errors += invalid_each(f"{path}.key", requirement.get("key", ""), label_key(requirement.get("key", "")))
    for i, value in enumerate(values):
        errors += invalid_each(f"{path}.values[{i}]", value, label_value(value))
    return errors


def _operator_errors(operator: str, values: list[str], path: str) -> Errors:
    if operator in _WITH_VALUES:
        return [] if values else [required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")]
    if operator in _WITHOUT_VALUES:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        return [forbidden(f"{path}.values", detail)] if values else []
    return [invalid(f"{path}.operator", operator, _BAD_OPERATOR)]


def template_label_errors(selector: Object | None, labels: dict[str, str] | None, path: str) -> Errors:
    """The pods of a template must be found by the selector of the object that owns the template.

    An absent selector finds nothing; an empty one finds everything and an invalid one is complained about elsewhere.
    """
    if not _parseable(selector):
        return []
    parsed = selector_of(selector)
    if parsed is not None and matches(parsed, labels or {}):
        return []
    shown = None if labels is None else dict(sorted(labels.items()))
    return [invalid(path, missing(shown), "`selector` does not match template `labels`")]


def _parseable(selector: Object | None) -> bool:
    expressions = (selector or {}).get("matchExpressions") or ()
    return all(e.get("key") and e.get("operator") in (*_WITH_VALUES, *_WITHOUT_VALUES) for e in expressions)


def node_selector_errors(selector: Object, path: str, strict_values: bool = True) -> Errors:
    """Check a required node selector: at least one term, valid requirements."""
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    return [
        error
        for i, term in enumerate(terms)
        for error in node_selector_term_errors(term, f"{path}.nodeSelectorTerms[{i}]", strict_values)
    ]


def node_selector_term_errors(term: Object, path: str, strict_values: bool) -> Errors:
    """Check one term, on labels and on fields of nodes."""
    errors: Errors = []
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        errors += _node_requirement_errors(requirement, f"{path}.matchExpressions[{i}]", strict_values)
    for i, requirement in enumerate(term.get("matchFields") or ()):
        errors += _node_field_errors(requirement, f"{path}.matchFields[{i}]")
    return errors


def _node_requirement_errors(requirement: Object, path: str, strict_values: bool) -> Errors:
    operator, values = requirement.get("operator", ""), requirement.get("values") or []
    if operator in ("Gt", "Lt"):
        detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        errors = [] if len(values) == 1 else [required(f"{path}.values", detail)]
    else:
        errors = _operator_errors(operator, values, path)
    errors += invalid_each(f"{path}.key", requirement.get("key", ""), label_key(requirement.get("key", "")))
    if strict_values:
        for i, value in enumerate(values):
            errors += invalid_each(f"{path}.values[{i}]", value, label_value(value))
    return errors


def _node_field_errors(requirement: Object, path: str) -> Errors:
    operator, values, key = requirement.get("operator", ""), requirement.get("values") or [], requirement.get("key", "")
    errors: Errors = []
    if operator not in _WITH_VALUES:
        errors.append(invalid(f"{path}.operator", operator, _BAD_OPERATOR))
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(required(f"{path}.values", detail))
    if key != "metadata.name":
        return [*errors, invalid(f"{path}.key", key, "not a valid field selector key")]
    for i, value in enumerate(values):
        errors += invalid_each(f"{path}.values[{i}]", value, dns1123_subdomain(value))
    return errors


def topology_term_errors(term: Object, path: str) -> Errors:
    """Check one term of ``allowedTopologies``."""
    errors: Errors = []
    seen: set[Any] = set()
    for i, requirement in enumerate(term.get("matchLabelExpressions") or ()):
        at = f"{path}.matchLabelExpressions[{i}]"
        values = requirement.get("values") or []
        if not values:
            errors.append(required(f"{at}.values"))
        errors += [duplicate(f"{at}.values[{j}]", value) for j, value in enumerate(values) if value in values[:j]]
        key = requirement.get("key", "")
        errors += invalid_each(f"{at}.key", key, label_key(key))
        if key in seen:
            errors.append(duplicate(f"{at}.key", key))
        seen.add(key)
    return errors


def shown_selector(selector: Object | None) -> Object | None:
    """Return a selector in the order Go prints it: labels before expressions, keys sorted."""
    if selector is None:
        return None
    shown: Object = {}
    if selector.get("matchLabels"):
        shown["matchLabels"] = dict(sorted(selector["matchLabels"].items()))
    if selector.get("matchExpressions"):
        shown["matchExpressions"] = selector["matchExpressions"]
    return shown
