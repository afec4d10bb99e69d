"""What must hold for every workload, whatever becomes of its pods."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.apimachinery.intstr import scaled_value
from k8slab.sim.controllers.daemonset_plan import node_of
from k8slab.sim.controllers.deployment import DeploymentController
from k8slab.sim.controllers.deployment.rolling import bounds
from k8slab.sim.controllers.job import JobController
from k8slab.sim.controllers.replicaset import ReplicaSetController
from k8slab.sim.controllers.statefulset import StatefulSetController
from tests.sim.controllers.test_daemonset import Nodes, agent
from tests.sim.controllers.test_job import end, job
from tests.sim.controllers.world import NAMESPACE, World, template

AMOUNT = st.one_of(st.integers(0, 3), st.integers(0, 100).map(lambda n: f"{n}%"))
SETTINGS = settings(max_examples=25, deadline=None)


def alive(world):
    return [p for p in world.all("pods") if "deletionTimestamp" not in p["metadata"]]


def is_ready(pod):
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def ready(world):
    return [p for p in alive(world) if is_ready(p)]


def become_ready(world, data):
    """Some of the pods that are not ready become so."""
    waiting = [p["metadata"]["name"] for p in alive(world) if not is_ready(p)]
    chosen = data.draw(st.lists(st.sampled_from(waiting), unique=True)) if waiting else []
    if chosen:
        world.run_pods(*chosen)
    world.settled(seconds=2)


@SETTINGS
@given(st.integers(1, 6), AMOUNT, AMOUNT, st.data())
def test_a_rolling_update_never_leaves_its_bounds(replicas, surge, unavailable, data):
    world = World(DeploymentController, ReplicaSetController)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    selector = {"matchLabels": {"app": "web"}}
    world.create(
        "deployments.apps", "web", {"replicas": replicas, "selector": selector, "template": template(), "strategy": strategy}
    )
    world.settled(seconds=2)
    world.run_pods()
    world.settled(seconds=2)
    high, low = bounds(surge, unavailable, replicas)
    most, least = replicas + high, replicas - min(low, replicas)
    for image in data.draw(st.lists(st.sampled_from(["nginx:2", "nginx:3", "nginx:4"]), min_size=1, max_size=3)):
        world.change("deployments.apps", "web", template=template(image))
        for _ in range(data.draw(st.integers(1, 6))):
            become_ready(world, data)
            assert len(alive(world)) <= most
            assert len(ready(world)) >= least
            world.stop_pods()


@SETTINGS
@given(st.integers(1, 5), st.integers(0, 5), st.sampled_from([None, 1, 2, 3]), st.data())
def test_a_stateful_set_starts_in_order_and_touches_nothing_below_the_partition(replicas, partition, unavailable, data):
    world = World(StatefulSetController)
    rolling = {"partition": partition, **({"maxUnavailable": unavailable} if unavailable else {})}
    spec = {
        "replicas": replicas,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template(),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
    }
    world.create("statefulsets.apps", "db", spec)
    for _ in range(replicas + 1):
        names = sorted(p["metadata"]["name"] for p in alive(world))
        assert names == [f"db-{i}" for i in range(len(names))]
        assert [is_ready(p) for p in alive(world)].count(False) <= 1
        world.run_pods()
    assert len(ready(world)) == replicas
    old = {p["metadata"]["name"]: p["metadata"]["uid"] for p in alive(world)}
    world.change("statefulsets.apps", "db", template=template("nginx:2"))
    for _ in range(3 * replicas):
        become_ready(world, data)
        assert len(ready(world)) >= replicas - (unavailable or 1)
        kept = [p["metadata"]["name"] for p in alive(world) if old.get(p["metadata"]["name"]) == p["metadata"]["uid"]]
        assert kept[: min(partition, replicas)] == [f"db-{i}" for i in range(min(partition, replicas))]
        assert sorted(kept) == [f"db-{i}" for i in range(len(kept))]
        world.stop_pods()


@SETTINGS
@given(st.integers(1, 5), st.booleans(), AMOUNT, st.data())
def test_a_daemon_set_stays_within_its_surge_or_its_unavailable(nodes, surges, amount, data):
    world = Nodes(*(f"n{i}" for i in range(nodes)))
    bound = scaled_value(amount, nodes, round_up=True)
    if not bound:
        return
    rolling = {"maxSurge": amount, "maxUnavailable": 0} if surges else {"maxUnavailable": amount, "maxSurge": 0}
    agent(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": rolling})
    world.schedule()
    world.change("daemonsets.apps", "agent", template=template("agent:2"))
    for _ in range(3 * nodes):
        place(world)
        become_ready(world, data)
        per_node = [node_of(p) for p in alive(world)]
        assert max((per_node.count(n) for n in set(per_node)), default=0) <= (2 if surges else 1)
        assert len(alive(world)) <= nodes + (bound if surges else 0)
        assert len({node_of(p) for p in ready(world)}) >= nodes - (0 if surges else bound)
        world.stop_pods()


def place(world):
    """Daemon pods reach their node, and do not run yet."""
    for pod in world.all("pods"):
        if not pod["spec"].get("nodeName"):
            world.client.create("pods", {"metadata": pod["metadata"], "target": {"name": node_of(pod)}}, "binding")
            world.report(pod["metadata"]["name"], "Pending")
    world.settled()


@SETTINGS
@given(st.integers(1, 5), st.integers(1, 4), st.booleans(), st.data())
def test_a_job_counts_each_pod_exactly_once(completions, parallelism, indexed, data):
    world = World(JobController)
    mode = "Indexed" if indexed else "NonIndexed"
    job(world, completions=completions, parallelism=parallelism, completionMode=mode, backoffLimit=1000)
    ended = {"Succeeded": set(), "Failed": set()}
    for _ in range(40):
        active = [p for p in world.all("pods") if p["status"]["phase"] in ("Pending", "Running")]
        assert len(active) <= parallelism
        if not active:
            world.settled(seconds=700)
        for pod in active:
            phase = data.draw(st.sampled_from(["Succeeded", "Failed", "wait"])) if len(ended["Failed"]) < 6 else "Succeeded"
            if phase != "wait":
                end(world, pod["metadata"]["name"], phase=phase)
                ended[phase].add(pod["metadata"]["uid"])
                if data.draw(st.booleans()) and world.get("pods", pod["metadata"]["name"]):
                    world.client.delete("pods", pod["metadata"]["name"], NAMESPACE, grace_period=0)  # gone once it is counted
        world.settled(seconds=2)
        status = world.get("jobs.batch", "j")["status"]
        assert status.get("succeeded", 0) == len(ended["Succeeded"])
        assert status.get("failed", 0) == len(ended["Failed"])
        if status.get("completionTime"):
            break
    assert world.get("jobs.batch", "j")["status"]["completionTime"]
    assert len(ended["Succeeded"]) == completions
