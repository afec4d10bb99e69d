"""The rules of a schema (``x-kubernetes-validations``), held against a custom resource.

Upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go. A rule about ``oldSelf`` is looked at only
where there is an old value that surely is the same thing: fields, values of maps, items of lists with keys. What has not
changed may stay wrong (ratcheting): it is only warned of. Simplified: no cost budget; rules that use what `cel` does not
have are not evaluated.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiextensions.values import cel_value, rooted
from k8slab.sim.apiserver.cel import BadExpression, EvaluationError, NotHere, compiled
from k8slab.sim.apiserver.errors import FieldError

__all__ = ["Findings", "rule_findings"]

_RULES = "x-kubernetes-validations"
_REASONS = {"FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"}
_MESSAGE_LIMIT = 5 * 1024


class Findings(NamedTuple):
    """What the rules say: errors, and what is wrong but was so before."""

    errors: list[FieldError]
    warnings: list[str]


def rule_findings(schema: Object, obj: Object, old: Object | None = None) -> Findings:
    """Hold every rule of a schema against an object that otherwise fits it.

    >>> rule = {"rule": "self.low <= self.high", "message": "low must not be above high"}
    >>> number = {"type": "integer"}
    >>> span = {"type": "object", "properties": {"low": number, "high": number}, "x-kubernetes-validations": [rule]}
    >>> schema = {"type": "object", "properties": {"spec": span}}
    >>> [str(e) for e in rule_findings(schema, {"spec": {"low": 3, "high": 1}}).errors]
    ['spec: Invalid value: "object": low must not be above high']
    """
    found = Findings([], [])
    for error, ratcheted in _walk(rooted(schema), obj, old, ""):
        if ratcheted:
            found.warnings.append(str(error))
        else:
            found.errors.append(error)
    return found


def _walk(schema: Object, value: Any, old: Any, path: str) -> Iterator[tuple[FieldError, bool]]:
    if value is None:
        return
    rules = schema.get(_RULES) or ()
    if rules:
        seen = cel_value(schema, value)
        before = None if old is None else cel_value(schema, old)
        for rule in rules:
            error, transition = _evaluate(rule, seen, before, path, schema.get("type", ""))
            if error is not None:
                yield error, not transition and old is not None and old == value
    if isinstance(value, dict):
        yield from _walk_object(schema, value, old, path)
    elif isinstance(value, list):
        yield from _walk_list(schema, value, old, path)


def _walk_object(schema: Object, value: Object, old: Any, path: str) -> Iterator[tuple[FieldError, bool]]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    before = old if isinstance(old, dict) and schema.get("x-kubernetes-map-type") != "atomic" else {}
    for name, part in value.items():
        if name in properties:
            yield from _walk(properties[name], part, before.get(name), f"{path}.{name}" if path else name)
        elif isinstance(others, dict):
            yield from _walk(others, part, before.get(name), f"{path}[{name}]")


def _walk_list(schema: Object, value: list[Any], old: Any, path: str) -> Iterator[tuple[FieldError, bool]]:
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    known = schema.get("x-kubernetes-list-type") == "map" and isinstance(old, list)
    before = {_identity(item, keys): item for item in old} if known else {}
    for index, item in enumerate(value):
        yield from _walk(schema.get("items") or {}, item, before.get(_identity(item, keys)), f"{path}[{index}]")


def _identity(item: Any, keys: Any) -> Any:
    return tuple(str(item.get(key)) for key in keys) if isinstance(item, dict) else None


def _evaluate(rule: Object, value: Any, old: Any, path: str, kind: str) -> tuple[FieldError | None, bool]:
    """Return what is wrong, and whether the rule is about a transition."""
    text = rule["rule"].strip()
    try:
        program = compiled(text)
    except (BadExpression, NotHere):
        return None, False
    transition = "oldSelf" in program.variables
    variables = {"self": value}
    if rule.get("optionalOldSelf"):
        variables["oldSelf"] = _optional(old)
    elif transition:
        if old is None:
            return None, True
        variables["oldSelf"] = old
    where = path or "<nil>"
    told = (rule.get("message") or text).strip()
    try:
        if program.evaluate(variables) is True:
            return None, transition
    except EvaluationError as error:
        if str(error) == "no such overload":
            detail = f"'{error}': call arguments did not match a supported operator, function or macro signature for rule: {told}"
        else:
            detail = f"{error} evaluating rule: {told}"
        return FieldError("FieldValueInvalid", where, detail, kind), transition
    detail = _message(rule, variables) or (told if rule.get("message") else f"failed rule: {told}")
    return _error(rule, f"{path}{rule.get('fieldPath') or ''}".removeprefix(".") or where, detail, kind), transition


def _optional(value: Any) -> Any:
    import cel

    return cel.OptionalValue.none() if value is None else cel.OptionalValue.of(value)


def _message(rule: Object, variables: Object) -> str:
    """Return what ``messageExpression`` says; "" if it says nothing usable."""
    expression = rule.get("messageExpression")
    if not expression:
        return ""
    try:
        said = compiled(expression.strip()).evaluate(variables)
    except (BadExpression, NotHere, EvaluationError):
        return ""
    text = said.strip() if isinstance(said, str) else ""
    return "" if "\n" in text or len(text) > _MESSAGE_LIMIT else text


def _error(rule: Object, path: str, detail: str, kind: str) -> FieldError:
    reason = rule.get("reason") or ""
    if reason == "FieldValueDuplicate":
        return FieldError(reason, path, "", kind)
    if reason in _REASONS:
        return FieldError(reason, path, detail)
    return FieldError("FieldValueInvalid", path, detail, kind)
