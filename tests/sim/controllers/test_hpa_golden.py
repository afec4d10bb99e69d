"""Every row of golden/hpa.yaml: the autoscaler's arithmetic against its sources."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.apimachinery.types import Object
from k8slab.sim.controllers import hpa_behavior, hpa_totals
from k8slab.sim.controllers.hpa_behavior import History
from k8slab.sim.controllers.hpa_metrics import (
    TOLERANCES,
    Groups,
    MetricsError,
    average_value_replicas,
    utilization_replicas,
)

TABLE: dict[str, list[Object]] = yaml.safe_load((Path(__file__).parent / "golden" / "hpa.yaml").read_text("utf-8"))


def rows(section: str) -> Any:
    return pytest.mark.parametrize("row", [pytest.param(r, id=f"{i}: {r['source']}") for i, r in enumerate(TABLE[section])])


def pods(row: Object) -> tuple[dict[str, int], dict[str, int], Groups]:
    """Return usages, requests and groups of a row's pods."""
    names = [f"p{i}" for i in range(max(row.get("pods", 0), len(row["levels"])))]
    usages = dict(zip(names, row["levels"], strict=False))
    requests = dict(zip(names, row.get("requests") or [1000] * len(names), strict=True))
    unready = {names[i] for i in row.get("unready", ())}
    missing = set(names) - set(usages) - unready
    return usages, requests, Groups(set(usages) - unready, unready, missing)


def tolerances(row: Object) -> tuple[float, float]:
    return row.get("up", TOLERANCES[0]), row.get("down", TOLERANCES[1])


@rows("utilization")
def test_share_of_the_requests(row: Object) -> None:
    usages, requests, groups = pods(row)
    if "error" in row:
        with pytest.raises(MetricsError) as failure:
            utilization_replicas(row["current"], row["target"], usages, requests, groups)
        assert str(failure.value) == row["error"]
        return
    found = utilization_replicas(row["current"], row["target"], usages, requests, groups, tolerances(row))
    assert found == (row["replicas"], row["shown"])


@rows("average_value")
def test_average_per_pod(row: Object) -> None:
    usages, _, groups = pods(row)
    if "error" in row:
        with pytest.raises(MetricsError) as failure:
            average_value_replicas(row["current"], row["target"], usages, groups)
        assert str(failure.value) == row["error"]
        return
    found = average_value_replicas(row["current"], row["target"], usages, groups, tolerances(row))
    assert found == (row["replicas"], row["shown"])


@rows("value")
def test_one_value(row: Object) -> None:
    assert hpa_totals.value_replicas(row["current"], row["ready"], row["value"], row["target"]) == row["replicas"]


@rows("per_pod")
def test_one_value_shared_by_the_pods(row: Object) -> None:
    assert hpa_totals.per_pod_replicas(row["current"], row["value"], row["target"]) == (row["replicas"], row["shown"])


@rows("plain")
def test_limits_without_behavior(row: Object) -> None:
    found = hpa_behavior.plain_limit(row["current"], row["desired"], (2, 10))
    assert (found.replicas, found.reason) == (row["replicas"], row["reason"])


def past(entries: list[list[int]]) -> list[tuple[float, int]]:
    return [(-float(ago), replicas) for ago, replicas in entries]


@rows("highest")
def test_stabilisation_without_behavior(row: Object) -> None:
    assert hpa_behavior.highest(row["desired"], past(row["past"]), now=0.0) == row["replicas"]


@rows("stabilize")
def test_stabilisation_with_behavior(row: Object) -> None:
    windows = {"scaleUp": row.get("up"), "scaleDown": row.get("down")}
    up, down = hpa_behavior.rules({k: {"stabilizationWindowSeconds": v} for k, v in windows.items() if v is not None})
    assert hpa_behavior.stabilize(row["current"], row["desired"], past(row["past"]), up, down, now=0.0) == row["replicas"]


def rules_of(given: Object) -> Object:
    policies = [{"type": t, "value": v, "periodSeconds": s} for t, v, s in given.get("policies", ())]
    return ({"policies": policies} if policies else {}) | ({"selectPolicy": given["select"]} if "select" in given else {})


@rows("rate")
def test_rates_with_behavior(row: Object) -> None:
    up, down = hpa_behavior.rules({"scaleUp": rules_of(row.get("up", {})), "scaleDown": rules_of(row.get("down", {}))})
    history = History(ups=past(row.get("ups", [])), downs=past(row.get("downs", [])))
    found = hpa_behavior.limit(row["current"], row["desired"], (2, 100), history, up, down, now=0.0)
    assert (found.replicas, found.reason) == (row["replicas"], row["reason"])
