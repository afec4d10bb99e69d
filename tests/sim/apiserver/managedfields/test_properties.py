"""What holds for field ownership whatever is written, in whichever order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.apiserver.managedfields import apply, track_update
from k8slab.sim.apiserver.managedfields.fieldset import paths
from k8slab.sim.apiserver.schema import schema_for

SCHEMA = schema_for("", "v1", "ConfigMap")
DATA = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))
WRITES = st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), DATA), max_size=6)


def config_map(data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}} | ({"data": data} if data else {})


def owners(obj):
    """Who owns which keys of the data."""
    found = {}
    for entry in obj["metadata"].get("managedFields", []):
        for path in paths(entry["fieldsV1"]):
            if len(path) == 2:
                found.setdefault(path[1].removeprefix("f:"), set()).add(entry["manager"])
    return found


@settings(max_examples=60, deadline=None)
@given(DATA.filter(bool), WRITES)
def test_updates_leave_every_field_with_its_last_writer(first, writes):
    live = config_map(first)
    live["metadata"]["managedFields"] = track_update(None, live, "zero", 0, SCHEMA, "v1")
    wanted = {key: {"zero"} for key in first}
    for time, (manager, data) in enumerate(writes):
        old = live.get("data", {})
        entries = track_update(live, config_map(data), manager, time, SCHEMA, "v1")
        wanted = {k: wanted[k] if k in wanted and old[k] == v else {manager} for k, v in data.items()}
        live = config_map(data)
        if not entries:
            return  # nobody owns anything: upstream stops tracking such an object
        live["metadata"]["managedFields"] = entries
        assert owners(live) == wanted


@settings(max_examples=60, deadline=None)
@given(WRITES)
def test_forced_applies_give_what_a_simple_model_gives(writes):
    live, model = None, {}
    for time, (manager, data) in enumerate(writes):
        live = apply(live, config_map(data), manager, True, SCHEMA, "v1", time)
        for key in list(model):
            value, names = model[key]
            if key not in data:
                names = names - {manager}
                model[key] = (value, names)
                if not names:
                    del model[key]
        for key, value in data.items():
            same = key in model and model[key][0] == value
            model[key] = (value, (model[key][1] if same else set()) | {manager})
        assert live.get("data", {}) == {key: value for key, (value, _) in model.items()}
        assert owners(live) == {key: names for key, (_, names) in model.items()}
        assert apply(live, config_map(data), manager, False, SCHEMA, "v1", time + 9) is live
