"""Rules in CEL of custom resources: what they see, when they are looked at, and the words of a refusal."""

from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.apiextensions.rules import rule_findings
from k8slab.sim.apiserver.validation.rules import rules_errors, rules_not_here

INTEGER = {"type": "integer"}
STRING = {"type": "string"}


def schema(*rules: Object | str, **properties: Object) -> Object:
    """A schema whose spec has these fields and rules."""
    given = [{"rule": rule} if isinstance(rule, str) else rule for rule in rules]
    spec = {"type": "object", "properties": properties, "x-kubernetes-validations": given}
    return {"type": "object", "properties": {"spec": spec}}


def errors(model: Object, spec: Any, old: Any = None) -> list[str]:
    found = rule_findings(model, {"spec": spec}, None if old is None else {"spec": old})
    return [str(error) for error in found.errors]


REPLICAS = {"replicas": INTEGER, "minReplicas": INTEGER, "maxReplicas": INTEGER}


@pytest.mark.parametrize(
    ("rule", "properties", "good", "bad"),
    [
        ("self.minReplicas <= self.replicas && self.replicas <= self.maxReplicas", REPLICAS,
         {"minReplicas": 0, "replicas": 5, "maxReplicas": 10}, {"minReplicas": 0, "replicas": 20, "maxReplicas": 10}),
        ("!has(self.a) || self.b == 'x'", {"a": STRING, "b": STRING}, {"b": "y"}, {"a": "", "b": "y"}),
        ("self.tags.all(t, t.startsWith('k8s-'))", {"tags": {"type": "array", "items": STRING}}, {"tags": ["k8s-a"]},
         {"tags": ["k8s-a", "b"]}),
        ("self.labels.all(k, k in ['a', 'b'])", {"labels": {"type": "object", "additionalProperties": STRING}},
         {"labels": {"a": "1"}}, {"labels": {"c": "1"}}),
        ("self.ratio < 1.5", {"ratio": {"type": "number"}}, {"ratio": 1}, {"ratio": 2}),
        ("self.name.matches('^[a-z]+$') && self.name.size() < 5", {"name": STRING}, {"name": "web"}, {"name": "Web"}),
        ("self.__namespace__ == 'a' && self.x__dash__y > 0", {"namespace": STRING, "x-y": INTEGER},
         {"namespace": "a", "x-y": 1}, {"namespace": "a", "x-y": 0}),
        ("self.expires > timestamp('2026-01-01T00:00:00Z')", {"expires": {"type": "string", "format": "date-time"}},
         {"expires": "2026-06-01T00:00:00Z"}, {"expires": "2025-06-01T00:00:00Z"}),
        ("self.timeout <= duration('1m')", {"timeout": {"type": "string", "format": "duration"}}, {"timeout": "30s"},
         {"timeout": "2m"}),
        ("quantity(self.memory).isLessThan(quantity('1Gi'))", {"memory": STRING}, {"memory": "512Mi"}, {"memory": "2Gi"}),
        ("isQuantity(self.memory)", {"memory": STRING}, {"memory": "1500m"}, {"memory": "much"}),
        ("cidr('10.0.0.0/8').containsIP(ip(self.ip))", {"ip": STRING}, {"ip": "10.1.2.3"}, {"ip": "192.168.0.1"}),
        ("url(self.link).getHost() == 'example.com:80'", {"link": STRING}, {"link": "http://example.com:80/x"},
         {"link": "http://example.com/x"}),
        ("self.name.lowerAscii().split('-').join('+') == 'a+b'", {"name": STRING}, {"name": "A-B"}, {"name": "A-C"}),
        ("self.numbers.isSorted() && self.numbers.sum() == 6", {"numbers": {"type": "array", "items": INTEGER}},
         {"numbers": [1, 2, 3]}, {"numbers": [3, 2, 1]}),
    ],
)  # fmt: skip
def test_what_a_rule_sees(rule: str, properties: Object, good: Object, bad: Object) -> None:
    model = schema(rule, **properties)
    assert rules_errors(model, "schema") == []
    assert rules_not_here(model, "schema") == []
    assert errors(model, good) == []
    assert errors(model, bad) == [f'spec: Invalid value: "object": failed rule: {rule}']


def test_the_message_the_expression_for_one_and_the_default() -> None:
    rule = {"rule": "self.a > 3", "message": " too small "}
    assert errors(schema(rule, a=INTEGER), {"a": 1}) == ['spec: Invalid value: "object": too small']
    said = {**rule, "messageExpression": "'a is %d, not above %d'.format([self.a, 3])"}
    assert errors(schema(said, a=INTEGER), {"a": 1}) == ['spec: Invalid value: "object": a is 1, not above 3']
    for useless in ("'two\\nlines'", "''", "string(self.nothing)"):
        assert errors(schema({**rule, "messageExpression": useless}, a=INTEGER), {"a": 1})[0].endswith("too small")


def test_reason_and_field_path() -> None:
    rule = {"rule": "self.a > 3", "message": "no", "fieldPath": ".a"}
    assert errors(schema(rule, a=INTEGER), {"a": 1}) == ['spec.a: Invalid value: "object": no']
    for reason, text in (
        ("FieldValueForbidden", "spec.a: Forbidden: no"),
        ("FieldValueRequired", "spec.a: Required value: no"),
        ("FieldValueDuplicate", 'spec.a: Duplicate value: "object"'),
    ):
        assert errors(schema({**rule, "reason": reason}, a=INTEGER), {"a": 1}) == [text]


def test_rules_stand_anywhere_in_a_schema() -> None:
    item = {"type": "object", "properties": {"n": INTEGER}, "x-kubernetes-validations": [{"rule": "self.n > 0"}]}
    small = {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 10", "message": "small only"}]}
    model = schema(items={"type": "array", "items": item}, sizes={"type": "object", "additionalProperties": small})
    assert errors(model, {"items": [{"n": 1}, {"n": 0}], "sizes": {"a": 1, "b": 10}}) == [
        'spec.items[1]: Invalid value: "object": failed rule: self.n > 0',
        'spec.sizes[b]: Invalid value: "integer": small only',
    ]


def test_the_root_sees_the_name() -> None:
    model = {"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name.startsWith('a')", "message": "a…"}]}
    found = rule_findings(model, {"kind": "Room", "metadata": {"name": "lobby"}})
    assert [str(error) for error in found.errors] == ['<nil>: Invalid value: "object": a…']


def test_errors_while_a_rule_is_evaluated() -> None:
    model = schema("self.m['x'] == 1", m={"type": "object", "additionalProperties": INTEGER})
    assert errors(model, {"m": {}}) == ["spec: Invalid value: \"object\": no such key: x evaluating rule: self.m['x'] == 1"]
    dynamic = schema("self.port > 80", port={"x-kubernetes-int-or-string": True})
    assert errors(dynamic, {"port": "http"}) == [
        "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, function or "
        "macro signature for rule: self.port > 80"
    ]


FIXED = {"rule": "self == oldSelf", "message": "is immutable"}


def test_a_transition_rule_needs_an_old_value() -> None:
    model = schema(topic={"type": "string", "x-kubernetes-validations": [FIXED]})
    assert errors(model, {"topic": "tea"}) == []
    assert errors(model, {"topic": "tea"}, old={}) == []
    assert errors(model, {"topic": "tea"}, old={"topic": "tea"}) == []
    assert errors(model, {"topic": "tea"}, old={"topic": "coffee"}) == ['spec.topic: Invalid value: "string": is immutable']


def test_with_an_optional_old_value_it_is_looked_at_always() -> None:
    rule = {"rule": "self.a >= oldSelf.orValue({'a': 5}).a", "optionalOldSelf": True, "message": "never down"}
    model = schema(rule, a=INTEGER)
    assert errors(model, {"a": 4}) == errors(model, {"a": 4}, old={"a": 5}) == ['spec: Invalid value: "object": never down']
    assert errors(model, {"a": 5}) == errors(model, {"a": 4}, old={"a": 3}) == []


def test_items_are_the_same_by_their_keys_only_in_lists_that_have_some() -> None:
    item = {"type": "object", "properties": {"name": STRING, "n": INTEGER}, "x-kubernetes-validations": [FIXED]}
    plain = {"type": "array", "items": item}
    keyed = {**plain, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    new, old = {"l": [{"name": "b", "n": 1}, {"name": "a", "n": 2}]}, {"l": [{"name": "a", "n": 1}]}
    assert errors(schema(l=plain), new, old=old) == []
    assert errors(schema(l=keyed), new, old=old) == ['spec.l[1]: Invalid value: "object": is immutable']


def test_what_was_wrong_before_and_has_not_changed_is_warned_of() -> None:
    small = {"type": "integer", "x-kubernetes-validations": [{"rule": "self < 10"}]}
    model = schema(a=small, b=INTEGER)
    found = rule_findings(model, {"spec": {"a": 20, "b": 2}}, {"spec": {"a": 20, "b": 1}})
    assert (found.errors, found.warnings) == ([], ['spec.a: Invalid value: "integer": failed rule: self < 10'])
    assert errors(model, {"a": 21}, old={"a": 20}) == ['spec.a: Invalid value: "integer": failed rule: self < 10']


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("self.a = 3", "ERROR: <input>:1:8: Syntax error: token recognition error at: '= '\n | self.a = 3\n | .......^"),
        ("self.b > 3", "ERROR: <input>:1:5: undefined field 'b'\n | self.b > 3\n | ....^"),
        ("self.a > b", "ERROR: <input>:1:10: undeclared reference to 'b' (in container '')\n | self.a > b\n | .........^"),
        ("self.a.odd()", "ERROR: <input>:1:8: undeclared reference to 'odd' (in container '')\n | self.a.odd()\n | .......^"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_compiled(rule: str, problem: str) -> None:
    (error,) = rules_errors(schema(rule, a=INTEGER), "schema")
    assert error.field == "schema.properties[spec].x-kubernetes-validations[0].rule"
    assert error.detail.startswith(f"compilation failed: {problem}")
    assert str(error).startswith(f'{error.field}: Invalid value: apiextensions.ValidationRule{{Rule:"{rule}", Message:"", ')


def test_an_empty_rule_and_messages() -> None:
    found = rules_errors(schema({"rule": " "}, {"rule": "true", "message": "a\nb"}, {"rule": "true &&\ntrue"}), "s")
    assert [str(error).partition("validations")[2] for error in found] == [
        "[0].rule: Required value: rule is not specified",
        '[1].message: Invalid value: "a\\nb": message must not contain line breaks',
        "[2].message: Required value: message must be specified if rule contains line breaks",
    ]


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("math.greatest(self.a, 2) > 1", "the functions of math"),
        ("self.?a.orValue(1) > 0", "syntax '.?'"),
        ("[1, 2].exists(i, v, v == self.a)", "exists with two variables"),
    ],
)
def test_rules_with_parts_that_are_not_here_are_stored_announced_and_not_evaluated(rule: str, part: str) -> None:
    model = schema(rule, a=INTEGER)
    assert rules_errors(model, "s") == []
    assert rules_not_here(model, "s") == [
        f"s.properties[spec].x-kubernetes-validations[0].rule: the embedded cluster does not know {part}: "
        "the rule is stored, and not evaluated"
    ]
    assert errors(model, {"a": 0}) == []
