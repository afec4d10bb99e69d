"""Patches that cannot be read."""

import pytest

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.patch import decode_patch


@pytest.mark.parametrize(
    ("kind", "raw", "message"),
    [
        ("json", b'{"op": "remove"}', "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ("json", b'["remove"]', "json: cannot unmarshal string into Go value of type jsonpatch.Operation"),
        ("json", b"[", "unexpected end of JSON input"),
        ("merge", b"[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("merge", b"nope", "error decoding patch: invalid character 'n' looking for beginning of value"),
        ("strategic", b"1", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
    ],
)
def test_a_patch_of_the_wrong_shape_is_a_bad_request(kind, raw, message):
    with pytest.raises(StatusError) as caught:
        decode_patch(raw, kind)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (400, "BadRequest", message)


def test_a_json_patch_may_have_ten_thousand_operations():
    with pytest.raises(StatusError) as caught:
        decode_patch(b"[" + b",".join([b"{}"] * 10_001) + b"]", "json")
    assert caught.value.code == 413
