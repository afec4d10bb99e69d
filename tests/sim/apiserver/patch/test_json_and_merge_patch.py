"""JSON patch and JSON merge patch."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.patch import json_patch, merge_patch

DOC = {"data": {"a": "1"}, "list": [1, 2]}


def test_operations_are_carried_out_in_order():
    patch = [
        {"op": "add", "path": "/data/b", "value": "2"},
        {"op": "remove", "path": "/data/a"},
        {"op": "add", "path": "/list/-", "value": 3},
        {"op": "test", "path": "/data/b", "value": "2"},
    ]
    before = copy.deepcopy(DOC)
    assert json_patch(DOC, patch) == {"data": {"b": "2"}, "list": [1, 2, 3]}
    assert before == DOC


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/a", "value": "2"},
        {"op": "remove", "path": "/data/none"},
        {"op": "replace", "path": "/none/deep", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "frobnicate", "path": "/data"},
        {"op": "add", "value": 1},
        {"op": "add", "path": "data", "value": 1},
        {"op": "replace", "path": "", "value": 1},
        {},
    ],
)
def test_what_cannot_be_done_is_one_answer(operation):
    with pytest.raises(StatusError) as caught:
        json_patch(DOC, [operation])
    error = caught.value
    assert (error.code, error.reason, error.details) == (422, "Invalid", {})
    assert error.message == "the server rejected our request due to an error in our request"


def test_null_deletes_and_lists_are_replaced():
    assert merge_patch(DOC, {"data": {"a": None, "c": {"d": None}}, "list": [3]}) == {"data": {"c": {}}, "list": [3]}


def test_a_map_takes_the_place_of_a_scalar():
    assert merge_patch({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


JSON = st.recursive(
    st.text(max_size=2) | st.integers(), lambda inner: st.dictionaries(st.text(max_size=1), inner) | st.lists(inner)
)
DOCS = st.dictionaries(st.text(max_size=1), JSON)


def difference(old, new):
    patch = {k: None for k in old if k not in new}
    for k, v in new.items():
        patch[k] = difference(old[k], v) if isinstance(v, dict) and isinstance(old.get(k), dict) else v
    return patch


@settings(max_examples=50, deadline=None)
@given(DOCS, DOCS)
def test_merging_a_difference_gives_the_other_document(old, new):
    before = copy.deepcopy(old)
    assert merge_patch(old, difference(old, new)) == new
    assert old == before
