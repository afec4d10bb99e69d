"""Tables with a source for every row, and what walks them: whom a pod pushes out, and how pods spread."""

from pathlib import Path

import pytest
import yaml

from k8slab.sim.scheduler import simulate
from tests.sim.scheduler.builders import node, on, pod

GOLDEN = Path(__file__).parent / "golden"
PREEMPTION = yaml.safe_load((GOLDEN / "preemption.yaml").read_text("utf-8"))
SPREADING = yaml.safe_load((GOLDEN / "spreading.yaml").read_text("utf-8"))
PRIORITY = {"neg": -100, "low": 0, "mid": 100, "high": 1000, "highest": 10000}
NAMES = {"zone": "topology.kubernetes.io/zone", "node": "kubernetes.io/hostname", "rack": "rack"}


def source(row):
    return row["source"]


def placed(name, number, size, priority, day=1):
    made = on(name, f"{name}-{number}", str(size), priority=PRIORITY[priority])
    return {**made, "status": {"startTime": f"2019-01-{day:02}T00:00:00Z"}}


@pytest.mark.parametrize("row", PREEMPTION, ids=source)
def test_who_has_to_go(row):
    size, priority = row["pod"]
    nodes = [node(name, cpu="5") for name in row["nodes"]]
    pods = [placed(name, number, *one) for name, there in row["nodes"].items() for number, one in enumerate(there)]
    trace = simulate(pod("incoming", str(size), priority=PRIORITY[priority]), nodes, pods)
    candidates = trace["status"].get("preemption", {}).get("candidates", ())
    chosen = next((c for c in candidates if c.get("chosen")), None)
    if not row["want"]:
        assert chosen is None
        return
    assert chosen["node"] in row["want"]
    if "victims" in row:
        assert sorted(v["name"] for v in chosen["victims"]) == sorted(row["victims"])


def constraint(skew, key, domains=None):
    least = {} if domains is None else {"minDomains": domains}
    selector = {"matchLabels": {"app": "web"}}
    return {"maxSkew": skew, "topologyKey": NAMES[key], "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector, **least}


def spread_pods(row):
    kinds = (
        ("pods", {}, {}),
        ("elsewhere", {"namespace": "other"}, {}),
        ("leaving", {}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    )
    for kind, place, meta in kinds:
        for name, count in row.get(kind, {}).items():
            for number in range(count):
                made = pod(f"{kind}-{name}-{number}", labels={"app": "web"}, nodeName=name, **place)
                yield {**made, "metadata": {**made["metadata"], **meta}}


@pytest.mark.parametrize("row", SPREADING, ids=source)
def test_where_a_spread_pod_may_go(row):
    zones = row.get("zones", {"a": "zone1", "b": "zone1", "x": "zone2", "y": "zone2"})
    nodes = [node(name, labels={NAMES["zone"]: zone} if zone else {}) for name, zone in zones.items()]
    spec = {"topologySpreadConstraints": [constraint(*one) for one in row["constraints"]]}
    if "only" in row:
        term = {"matchExpressions": [{"key": NAMES["node"], "operator": "In", "values": row["only"]}]}
        required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        spec["affinity"] = {"nodeAffinity": required}
    incoming = pod("incoming", labels={"app": "web" if row.get("self", True) else "other"}, **spec)
    trace = simulate(incoming, nodes, list(spread_pods(row)))
    refused = {e["name"] for e in trace["status"]["nodes"] if any(f.get("reasons") for f in e.get("filters", ()))}
    assert [name for name in zones if name not in refused] == row["want"]


@pytest.mark.parametrize("row", PREEMPTION + SPREADING)
def test_every_row_says_where_it_comes_from(row):
    assert row["source"].startswith(("Test", "documentation: "))
