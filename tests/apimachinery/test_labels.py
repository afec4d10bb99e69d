"""Label selectors: both spellings, what they choose, and how they are printed."""

import re

import pytest

from k8slab.apimachinery.labels import format_selector, matches, parse_selector, selector_of

INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"
WEB = {"app": "web", "tier": "edge", "size": "3"}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("app in (web,api)", True),
        ("app in (api)", False),
        ("app notin (api)", True),
        ("missing notin (x)", True),
        ("missing!=x", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("size>2", True),
        ("size>3", False),
        ("size<4", True),
        ("app>1", False),
        ("app=web,tier=edge", True),
        ("app=web,tier=core", False),
        ("app=", False),
        ("missing=", False),
        (" app = web , tier in ( edge ) ", True),
    ],
)
def test_what_a_selector_chooses(text: str, chosen: bool) -> None:
    assert matches(parse_selector(text), WEB) is chosen


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("app=web=api", "unable to parse requirement: found '=', expected: ',' or 'end of string'"),
        ("app=web,", "unable to parse requirement: found ',', expected: ',' or 'end of string'"),
        ("=web", "unable to parse requirement: found '=', expected: !, identifier, or 'end of string'"),
        ("app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"),
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("size>x", f'unable to parse requirement: values[0][size]: Invalid value: "x": {INTEGER}'),
    ],
)
def test_what_is_no_selector(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem) + "$"):
        parse_selector(text)


def test_no_selector_is_not_an_empty_one() -> None:
    assert selector_of(None) is None
    assert selector_of({}) == ()


def test_all_of_a_selector_object_must_hold() -> None:
    selector = selector_of(
        {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["edge"]}]}
    )
    assert selector is not None
    assert matches(selector, WEB)
    assert not matches(selector, {"app": "web"})


def test_selectors_are_printed_in_order_of_their_keys() -> None:
    expressions = [{"key": "b", "operator": "NotIn", "values": ["y", "x"]}, {"key": "a", "operator": "DoesNotExist"}]
    assert format_selector(selector_of({"matchLabels": {"c": "1"}, "matchExpressions": expressions})) == "!a,b notin (x,y),c=1"
    assert format_selector(()) == format_selector(None) == "<none>"
