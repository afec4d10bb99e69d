"""An autoscaler scales its target by the load it sees."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from k8slab.sim.controllers.replicaset import ReplicaSetController
from tests.sim.controllers.world import World, conditions, workload

SCALERS, SETS, METRICS = "horizontalpodautoscalers.autoscaling", "replicasets.apps", "pods.metrics.k8s.io"


class Loaded(World):
    """Pods that each use the same share of their request of one CPU."""

    def __init__(self, replicas=2):
        super().__init__(ReplicaSetController, HorizontalPodAutoscalerController)
        spec = workload(replicas)
        spec["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "1"}}
        self.create(SETS, "web", spec)
        self.load = 0

    def autoscale(self, target=50, minimum=1, maximum=10, **more):
        metric = {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}},
        }
        reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}
        spec = {"scaleTargetRef": reference, "minReplicas": minimum, "maxReplicas": maximum, "metrics": [metric], **more}
        self.create(SCALERS, "web", spec)

    def under_load(self, percent, seconds=16):
        for _ in range(max(1, seconds // 16)):
            self.run_pods()
            old = rfc3339(self.kernel.now() - 3600)
            for pod in self.all("pods"):
                ready = [{"type": "Ready", "status": "True", "lastTransitionTime": old}]
                self.client.update("pods", {**pod, "status": {**pod["status"], "startTime": old, "conditions": ready}}, "status")
            for known in self.all(METRICS):
                self.client.delete(METRICS, known["metadata"]["name"], "chat")
            for pod in self.all("pods"):
                meta = {"name": pod["metadata"]["name"], "namespace": "chat", "labels": {"app": "web"}}
                usage = [{"name": "c", "usage": {"cpu": f"{percent * 10}m"}}]
                self.client.create(
                    METRICS, {"metadata": meta, "timestamp": rfc3339(self.kernel.now()), "window": "15s", "containers": usage}
                )
            self.settled(seconds=16)
            self.stop_pods()

    @property
    def size(self):
        return self.get(SETS, "web")["spec"]["replicas"]


@pytest.fixture
def world():
    return Loaded()


def test_a_busy_target_grows(world):
    world.autoscale()
    world.under_load(100)
    assert world.size == 4
    found = world.get(SCALERS, "web")
    assert found["status"]["desiredReplicas"] == 4
    assert found["status"]["currentMetrics"][0]["resource"]["current"] == {"averageUtilization": 100, "averageValue": "1"}
    assert conditions(found) == {
        "AbleToScale": ("True", "SucceededRescale"),
        "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("False", "DesiredWithinRange"),
    }
    text = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    assert ("Normal", "SuccessfulRescale", text) in world.client.events("web")


def test_it_never_exceeds_the_maximum(world):
    world.autoscale(maximum=3)
    world.under_load(100)
    assert world.size == 3
    assert conditions(world.get(SCALERS, "web"))["ScalingLimited"] == ("True", "TooManyReplicas")


def test_an_idle_target_shrinks_only_after_five_minutes(world):
    world.autoscale()
    world.under_load(100)
    world.under_load(0, seconds=200)
    assert world.size == 4
    assert conditions(world.get(SCALERS, "web"))["AbleToScale"] == ("True", "ScaleDownStabilized")
    world.under_load(0, seconds=200)
    assert world.size == 1


def test_a_target_outside_its_bounds_is_brought_back_at_once(world):
    world.autoscale(minimum=5)
    assert world.size == 5
    assert ("Normal", "SuccessfulRescale", "New size: 5; reason: Current number of replicas below Spec.MinReplicas") in (
        world.client.events("web")
    )


def test_without_metrics_it_says_so_and_leaves_the_target_alone(world):
    world.autoscale()
    world.settled(seconds=20)
    assert world.size == 2
    assert conditions(world.get(SCALERS, "web"))["ScalingActive"] == ("False", "FailedGetResourceMetric")
    assert any(reason == "FailedComputeMetricsReplicas" for _, reason, _ in world.client.events("web"))


def test_a_target_scaled_to_zero_is_left_alone(world):
    world.autoscale()
    world.change(SETS, "web", replicas=0)
    world.settled(seconds=20)
    assert world.size == 0
    assert conditions(world.get(SCALERS, "web"))["ScalingActive"] == ("False", "ScalingDisabled")


def test_a_missing_target_is_named(world):
    world.autoscale(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"})
    found = world.get(SCALERS, "web")
    assert conditions(found)["AbleToScale"] == ("False", "FailedGetScale")
    assert found["status"]["conditions"][0]["message"].endswith('deployments.apps "nobody" not found')
