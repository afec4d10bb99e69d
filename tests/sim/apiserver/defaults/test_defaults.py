"""Golden pairs: each ``golden/*.input.yaml`` becomes its ``*.output.yaml``.

``K8SLAB_REGENERATE=1 pytest tests/sim/apiserver/defaults`` writes the outputs anew; read the difference before you commit it.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.apimachinery.types import deep_copy
from k8slab.sim.apiserver.defaults import apply_defaults
from tests.sim.apiserver.recorded import kind_of

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.input.yaml"))


def defaulted(obj: dict[str, Any]) -> dict[str, Any]:
    result = deep_copy(obj)
    apply_defaults(kind_of(result), result)
    return result


@pytest.mark.parametrize("path", GOLDEN, ids=[path.name.removesuffix(".input.yaml") for path in GOLDEN])
def test_golden_pairs(path: Path) -> None:
    output = path.with_name(path.name.replace(".input.", ".output."))
    got = defaulted(yaml.safe_load(path.read_text()))
    if os.environ.get("K8SLAB_REGENERATE"):
        output.write_text(yaml.safe_dump(got, sort_keys=False))
    assert got == yaml.safe_load(output.read_text())


@pytest.mark.parametrize("path", GOLDEN, ids=[path.name.removesuffix(".input.yaml") for path in GOLDEN])
def test_defaults_of_defaults_are_the_same(path: Path) -> None:
    once = defaulted(yaml.safe_load(path.read_text()))
    assert defaulted(once) == once


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_from_the_tag(image: str, policy: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": image}]}}
    assert defaulted(pod)["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_what_is_given_stays() -> None:
    spec = {
        "dnsPolicy": "Default",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "schedulerName": "mine",
        "enableServiceLinks": False,
        "securityContext": {"runAsUser": 1},
        "containers": [],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    assert defaulted(pod)["spec"] == spec
