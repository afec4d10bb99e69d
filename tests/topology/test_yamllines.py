import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8slab.topology.yamllines import diff_lines, folded, yaml_lines

FIELDS = {
    "f:spec": {
        "f:replicas": {},
        "f:template": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}, "f:args": {}},
        "f:finalizers": {'v:"keep"': {}},
    }
}
OBJECT = {
    "kind": "Deployment",
    "metadata": {"name": "web", "managedFields": [{"manager": "me", "fieldsV1": FIELDS}]},
    "spec": {
        "replicas": 2,
        "template": {"containers": [{"name": "side", "image": "s"}, {"name": "web", "image": "w"}], "args": ["a", "b"]},
        "finalizers": ["other", "keep"],
    },
}


def owned() -> dict[str, tuple[str, ...]]:
    return {line.text.strip(): line.owners for line in yaml_lines(OBJECT)}


def test_each_field_has_the_manager_that_managed_fields_name() -> None:
    lines = owned()
    assert lines["replicas: 2"] == ("me",)
    assert lines["image: w"] == ("me",)
    assert lines["image: s"] == (), "the item of another name is somebody else's"
    assert lines["- keep"] == ("me",)
    assert lines["- other"] == ()


def test_the_inside_of_an_atomic_list_belongs_to_the_owner_of_the_list() -> None:
    assert owned()["- a"] == ("me",)


def test_managed_fields_themselves_are_not_shown() -> None:
    assert not any("managedFields" in line.text for line in yaml_lines(OBJECT))


WORDS = st.text("ab1: -#'\"{[&*!|%@`,?~", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(WORDS, JSON, max_size=4))
def test_the_lines_are_the_object_again_when_read_as_yaml(spec: dict) -> None:
    obj = {"metadata": {"name": "x"}, "spec": spec}
    assert yaml.safe_load("\n".join(line.text for line in yaml_lines(obj))) == obj


def test_a_difference_has_what_went_and_what_came_and_folds_the_rest() -> None:
    new = {**OBJECT, "spec": {**OBJECT["spec"], "replicas": 5}}
    lines = diff_lines(OBJECT, new)
    assert [(d.mark, d.text.strip()) for d in lines if d.mark != " "] == [("-", "replicas: 2"), ("+", "replicas: 5")]
    short = folded(lines, 1)
    assert len(short) < len(lines)
    assert [d.mark for d in short] == ["…", " ", "-", "+", " ", "…"]
