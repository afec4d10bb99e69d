"""The row of each kind: golden pairs of an object and its cells, an hour after it was created."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver import printers
from k8slab.sim.apiserver.scheme import Scheme

NOW = 3600.0
GOLDEN: list[Object] = yaml.safe_load(Path(__file__).with_name("rows.yaml").read_text("utf-8"))
SCHEME = Scheme()


def resource_of(obj: Object) -> Any:
    found = SCHEME.by_kind(obj["apiVersion"], obj["kind"])
    if found is None and obj["kind"] == "Scale":
        deployments = SCHEME.by_name("deployments.apps")
        assert deployments is not None
        return deployments.subresource("scale")
    assert found is not None
    return found


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["case"])
def test_the_row_of_an_object(case: Object) -> None:
    obj = {**case["object"]}
    obj["metadata"] = {"name": "x", "creationTimestamp": "1970-01-01T00:00:00Z"} | obj.get("metadata", {})
    table = printers.table(resource_of(obj), [obj], NOW)
    shown = dict(zip((c["name"] for c in table["columnDefinitions"]), table["rows"][0]["cells"], strict=True))
    assert shown == {"Name": "x", "Age": "60m"} | case["row"] if "Age" in shown else {"Name": "x"} | case["row"]
