"""The rules of a CustomResourceDefinition's schema, when they are written.

Upstream: ValidateCustomResourceDefinitionOpenAPISchema in k8s.io/apiextensions-apiserver, which compiles each rule with the
schema's types. Simplified: of types, only fields that the schema does not have are found; no estimated cost.
"""

import re
from collections.abc import Iterator

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiextensions.values import escaped, rooted
from k8slab.sim.apiserver.cel import BadExpression, NotHere, compiled
from k8slab.sim.apiserver.cel.program import located, without_literals
from k8slab.sim.apiserver.errors import GoLiteral
from k8slab.sim.apiserver.validation.fields import Errors, invalid, not_supported, required

__all__ = ["rules_errors", "rules_not_here"]

_RULES = "x-kubernetes-validations"
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_CHAIN = re.compile(r"\b(?:self|oldSelf)((?:\.[A-Za-z_]\w*)+)")
_OWN = ("apiVersion", "kind", "metadata")


def _all_rules(schema: Object, path: str, root: bool = True) -> Iterator[tuple[Object, Object, str]]:
    """Give each rule with the schema it stands in and its path."""
    own = rooted(schema) if root else schema
    for index, rule in enumerate(schema.get(_RULES) or ()):
        yield rule, own, f"{path}.{_RULES}[{index}]"
    for name, part in (schema.get("properties") or {}).items():
        yield from _all_rules(part, f"{path}.properties[{name}]", False)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _all_rules(schema[name], f"{path}.{name}", False)


def rules_errors(schema: Object, path: str) -> Errors:
    """Check every rule of a schema."""
    return [error for rule, own, at in _all_rules(schema, path) for error in _rule_errors(rule, own, at)]


def rules_not_here(schema: Object, path: str) -> list[str]:
    """Return a warning for each rule that this cluster does not evaluate."""
    found = []
    for rule, _, at in _all_rules(schema, path):
        for field in ("rule", "messageExpression"):
            try:
                compiled((rule.get(field) or "true").strip())
            except NotHere as part:
                found.append(f"{at}.{field}: the embedded cluster does not know {part}: the rule is stored, and not evaluated")
            except BadExpression:
                continue
    return found


def _rule_errors(rule: Object, schema: Object, path: str) -> Errors:
    text = (rule.get("rule") or "").strip()
    if not text:
        return [required(f"{path}.rule", "rule is not specified")]
    errors: Errors = []
    message = rule.get("message") or ""
    if message and not message.strip():
        errors.append(invalid(f"{path}.message", message, "message must be non-empty if specified"))
    elif "\n" in message.strip():
        errors.append(invalid(f"{path}.message", message, "message must not contain line breaks"))
    elif not message and "\n" in text:
        errors.append(required(f"{path}.message", "message must be specified if rule contains line breaks"))
    if rule.get("reason") and rule["reason"] not in _REASONS:
        errors.append(not_supported(f"{path}.reason", rule["reason"], _REASONS))
    for field, shown in (("rule", _go(rule)), ("messageExpression", _go(rule))):
        expression = (rule.get(field) or "").strip()
        problem = _problem(expression, schema) if expression else ""
        if problem:
            kind = "compilation failed" if field == "rule" else "messageExpression compilation failed"
            errors.append(invalid(f"{path}.{field}", shown, f"{kind}: {problem}"))
    return errors


def _problem(text: str, schema: Object) -> str:
    try:
        compiled(text)
    except BadExpression as error:
        return str(error)
    except NotHere:
        return ""
    bare = without_literals(text)
    for chain in _CHAIN.finditer(bare):
        missing = _undefined(schema, chain[1].split(".")[1:], bare[chain.end() :].lstrip().startswith("("))
        if missing:
            offset = chain.start(1) + chain[1].index(f".{missing}")
            return located(text, bare, f".{missing}", f"undefined field '{missing}'", offset)
    return ""


def _undefined(schema: Object, names: list[str], called: bool) -> str:
    """Return the first of a chain of fields that the schema does not have, "" if it may have all."""
    for name in names[:-1] if called else names:
        properties = schema.get("properties")
        if not properties:
            return ""
        known = {escaped(field): part for field, part in properties.items()}
        if name not in known:
            return name
        schema = known[name]
    return ""


def _go(rule: Object) -> GoLiteral:
    text = {name: _quoted(rule.get(field) or "") for name, field in (("Rule", "rule"), ("Message", "message"))}
    text |= {"MessageExpression": _quoted(rule.get("messageExpression") or "")}
    text |= {"Reason": "(*apiextensions.FieldValueErrorReason)(nil)", "FieldPath": _quoted(rule.get("fieldPath") or "")}
    text |= {"OptionalOldSelf": "(*bool)(nil)"}
    return GoLiteral(f"apiextensions.ValidationRule{{{', '.join(f'{name}:{value}' for name, value in text.items())}}}")


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{inner}"'
