"""What must hold for any cluster and any pods."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.apimachinery.quantity import milli_value
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.scheduler import Configuration, Scheduler, TraceLog
from tests.sim.fakes import FakeClient
from tests.sim.scheduler.builders import node, pod

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
WEB = {"matchLabels": {"app": "web"}}
SOFT_TAINT, HARD_TAINT = {"key": "x", "effect": "PreferNoSchedule"}, {"key": "y", "effect": "NoSchedule"}


@st.composite
def nodes(draw):
    return [
        node(
            f"n{i}",
            cpu=f"{draw(st.integers(1, 4))}",
            pods=str(draw(st.integers(1, 6))),
            labels={ZONE: draw(st.sampled_from("ab"))} if draw(st.booleans()) else None,
            taints=draw(st.sampled_from([None, None, [SOFT_TAINT], [HARD_TAINT]])),
        )
        for i in range(draw(st.integers(1, 5)))
    ]


def affinity(kind, key):
    terms = [{"labelSelector": WEB, "topologyKey": key}]
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


def spread(when, key):
    return {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": WEB}]}


PREFERRED = [{"weight": 5, "preference": {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["b"]}]}}]
SHAPES = st.sampled_from(
    [
        {},
        {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": PREFERRED}}},
        {"containers": [{"name": "c", "image": "nginx", "resources": {}, "ports": [{"containerPort": 80, "hostPort": 80}]}]},
        {"tolerations": [{"key": "y", "operator": "Exists"}]},
        {"nodeSelector": {ZONE: "a"}},
        affinity("podAffinity", ZONE),
        affinity("podAntiAffinity", HOST),
        spread("DoNotSchedule", HOST),
        spread("ScheduleAnyway", ZONE),
    ]
)


@st.composite
def pods(draw):
    incoming = [
        pod(
            f"p{i}",
            cpu=draw(st.sampled_from([None, "100m", "500m", "1500m"])),
            memory=draw(st.sampled_from([None, "1Gi"])),
            labels=draw(st.sampled_from([None, {"app": "web"}])),
            priority=draw(st.sampled_from([0, 0, 0, 10])),
        )
        for i in range(draw(st.integers(1, 12)))
    ]
    return [{**one, "spec": {**one["spec"], **draw(SHAPES)}} for one in incoming]


#: Steps between the pods: a node is cordoned or freed, a pod goes away, time passes.
STEPS = st.lists(st.tuples(st.sampled_from(["cordon", "uncordon", "delete", "advance"]), st.integers(0, 11)), max_size=6)


def run(cluster, incoming, steps, reuse_results):
    kernel = Kernel(Clock("stepped"), seed=7)
    client = FakeClient(kernel)
    client.add(*cluster)
    traces = TraceLog()
    Scheduler(client, kernel, traces, Configuration(reuse_results=reuse_results)).start()
    for i, one in enumerate(incoming):
        client.create("pods", one)
        kernel.run_ready()
        for action, number in steps[i : i + 1]:
            step(client, kernel, action, number, len(cluster), i)
            kernel.run_ready()
    return client, traces


def step(client, kernel, action, number, node_count, last_pod):
    if action == "advance":
        kernel.advance(number)
    elif action == "delete":
        name = f"p{number % (last_pod + 1)}"
        if client.informer("pods").get(name, "chat"):
            client.delete("pods", name, "chat", grace_period=0)
    else:
        changed = client.get("nodes", f"n{number % node_count}")
        client.update("nodes", {**changed, "spec": {**changed["spec"], "unschedulable": action == "cordon"}})


@settings(max_examples=60, deadline=None)
@given(nodes(), pods(), STEPS)
def test_no_node_is_ever_overcommitted(cluster, incoming, steps):
    client, _ = run(cluster, incoming, steps, reuse_results=True)
    for one in client.list("nodes"):
        here = [p for p in client.list("pods") if p["spec"].get("nodeName") == one["metadata"]["name"]]
        requests = [p["spec"]["containers"][0]["resources"].get("requests", {}) for p in here]
        assert sum(milli_value(r.get("cpu", 0)) for r in requests) <= milli_value(one["status"]["allocatable"]["cpu"])
        assert len(here) <= int(one["status"]["allocatable"]["pods"])


@settings(max_examples=60, deadline=None)
@given(nodes(), pods(), STEPS)
def test_keeping_results_changes_nothing_but_the_time_it_takes(cluster, incoming, steps):
    (kept, kept_traces), (fresh, fresh_traces) = (run(cluster, incoming, steps, reuse) for reuse in (True, False))
    assert [p["spec"].get("nodeName") for p in kept.list("pods")] == [p["spec"].get("nodeName") for p in fresh.list("pods")]
    assert kept_traces.list() == fresh_traces.list()
    assert kept.events() == fresh.events()


def test_results_are_forgotten_with_the_journal_they_were_read_from(monkeypatch):
    cluster = [node(f"n{i:02}", cpu="2") for i in range(12)]
    incoming = [pod(f"p{i}", cpu="300m" if i % 9 else "900m") for i in range(60)]
    expected, _ = run(cluster, incoming, [], reuse_results=False)
    monkeypatch.setattr("k8slab.sim.scheduler.cache._JOURNAL_LIMIT", 4)
    kept, _ = run(cluster, incoming, [], reuse_results=True)
    assert [p["spec"].get("nodeName") for p in kept.list("pods")] == [p["spec"].get("nodeName") for p in expected.list("pods")]
