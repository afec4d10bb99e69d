"""Sets of fields behave as sets of paths do, and stay in upstream's order."""

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.apiserver.managedfields.fieldset import (
    contains,
    difference,
    intersection,
    ordered,
    path_text,
    paths,
    union,
    value_key,
)

PATHS = st.frozensets(
    st.lists(st.sampled_from(["f:a", "f:b", 'k:{"n":"x"}', 'v:"1"']), min_size=1, max_size=4).map(tuple), max_size=8
)


def fields(members):
    """The set that has these paths, made the slow and obvious way."""
    root = {}
    for path in sorted(members):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return tidy(root)


def tidy(node):
    return {k: {} if v == {".": {}} else tidy(v) for k, v in node.items()}


def members(fields):
    return frozenset(paths(fields))


@settings(max_examples=100, deadline=None)
@given(PATHS, PATHS)
def test_the_operations_are_those_of_sets(a, b):
    one, other = fields(a), fields(b)
    before = copy.deepcopy((one, other))
    assert members(union(one, other)) == a | b
    assert members(difference(one, other)) == a - b
    assert members(intersection(one, other)) == a & b
    assert (one, other) == before


@settings(max_examples=50, deadline=None)
@given(PATHS, PATHS)
def test_results_have_the_one_form_that_their_members_have(a, b):
    assert union(fields(a), fields(b)) == fields(a | b)
    assert difference(fields(a), fields(b)) == fields(a - b)
    assert intersection(fields(a), fields(b)) == fields(a & b)


@settings(max_examples=50, deadline=None)
@given(PATHS)
def test_a_set_survives_its_own_text(a):
    assert members(fields(a)) == a
    assert all(contains(fields(a), path) for path in a)


def test_what_does_not_change_is_shared():
    one = {"f:a": {"f:b": {}}}
    assert difference(one, {"f:z": {}}) is one
    assert union(one, {}) is one


def test_a_field_on_the_way_is_no_member():
    assert not contains({"f:a": {"f:b": {}}}, ("f:a",))
    assert contains({"f:a": {".": {}, "f:b": {}}}, ("f:a",))


def test_order_is_self_fields_keys_values_and_numbers_by_value():
    keys = ['v:"x"', 'k:{"port":80}', 'k:{"port":9}', "f:z", ".", "f:a"]
    assert list(ordered({key: {} for key in keys})) == [".", "f:a", "f:z", 'k:{"port":9}', 'k:{"port":80}', 'v:"x"']


def test_keys_are_written_in_alphabetical_order():
    assert value_key(("protocol", "containerPort"), ("TCP", 80)) == 'k:{"containerPort":80,"protocol":"TCP"}'


def test_paths_read_like_upstream():
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name")
    assert path_text(path) == '.spec.ports[port=80,protocol="TCP"].name'
    assert path_text(("f:metadata", "f:finalizers", 'v:"a/b"')) == '.metadata.finalizers[="a/b"]'
