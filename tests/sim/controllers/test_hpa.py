"""An autoscaler scales its target by the load it sees."""

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from k8slab.sim.controllers.replicaset import ReplicaSetController
from tests.sim.controllers.world import World, conditions, workload

CUSTOM = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/chat"
EXTERNAL = "/apis/external.metrics.k8s.io/v1beta1/namespaces/chat"
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

    def metrics_of_pods(self, name, values):
        """Let custom.metrics.k8s.io answer for the pods, in their order."""
        pods = sorted(pod["metadata"]["name"] for pod in self.all("pods"))
        items = [
            {"describedObject": {"kind": "Pod", "name": pod}, "value": value, "timestamp": rfc3339(self.kernel.now())}
            for pod, value in zip(pods, values, strict=True)
        ]
        self.client.answers[f"{CUSTOM}/pods/*/{name}"] = {"items": items}

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


def test_a_target_outside_its_bounds_is_brought_back_at_the_first_look(world):
    world.autoscale(minimum=5)
    world.settled(seconds=14)
    assert world.size == 2
    world.settled(seconds=1)
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
    world.settled(seconds=15)
    found = world.get(SCALERS, "web")
    assert conditions(found)["AbleToScale"] == ("False", "FailedGetScale")
    assert found["status"]["conditions"][0]["message"].endswith('deployments.apps "nobody" not found')


def test_an_idle_target_keeps_its_size_for_five_minutes_after_the_autoscaler_came(world):
    world.change(SETS, "web", replicas=4)
    world.autoscale()
    world.under_load(0, seconds=280)
    assert world.size == 4
    world.under_load(0, seconds=64)
    assert world.size == 1


def test_failures_have_upstreams_words(world):
    world.autoscale()
    world.settled(seconds=20)
    inner = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"
    message = next(c["message"] for c in world.get(SCALERS, "web")["status"]["conditions"] if c["type"] == "ScalingActive")
    assert message == f"the HPA was unable to compute the replica count: {inner}"
    outer = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {inner}"
    assert ("Warning", "FailedGetResourceMetric", inner) in world.client.events("web")
    assert ("Warning", "FailedComputeMetricsReplicas", outer) in world.client.events("web")


PODS = {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "10"}}}


def external(**target):
    return {"type": "External", "external": {"metric": {"name": "queue"}, "target": target}}


def test_a_metric_of_the_pods_themselves(world):
    world.autoscale(metrics=[PODS])
    world.under_load(0)
    world.run_pods()
    world.metrics_of_pods("hits", ["15", "25"])
    world.settled(seconds=16)
    assert world.size == 4
    found = world.get(SCALERS, "web")["status"]["currentMetrics"]
    assert found == [{"type": "Pods", "pods": {"metric": {"name": "hits"}, "current": {"averageValue": "20"}}}]
    text = "New size: 4; reason: pods metric hits above target"
    assert ("Normal", "SuccessfulRescale", text) in world.client.events("web")


def test_a_metric_of_another_object(world):
    described = {"apiVersion": "v1", "kind": "Service", "name": "front"}
    target = {"type": "Value", "value": "100"}
    world.autoscale(
        metrics=[{"type": "Object", "object": {"metric": {"name": "hits"}, "describedObject": described, "target": target}}]
    )
    world.client.answers[f"{CUSTOM}/services/front/hits"] = {"items": [{"value": "150"}]}
    world.under_load(0)
    assert world.size == 3
    assert any("reason: Service metric hits above target" in text for _, _, text in world.client.events("web"))


def test_a_metric_from_outside_the_cluster_is_summed_up(world):
    world.autoscale(metrics=[external(type="AverageValue", averageValue="30")])
    world.client.answers[f"{EXTERNAL}/queue"] = {"items": [{"value": "100"}, {"value": "50"}]}
    world.under_load(0)
    assert world.size == 4  # five are asked for, but no more than twice as many or four at once
    assert conditions(world.get(SCALERS, "web"))["ScalingLimited"] == ("True", "ScaleUpLimit")
    assert any("external metric queue(<nil>)" in text for _, _, text in world.client.events("web"))


def test_of_several_metrics_the_largest_proposal_counts(world):
    world.autoscale(metrics=[external(type="Value", value="100"), external(type="Value", value="50")])
    world.client.answers[f"{EXTERNAL}/queue"] = {"items": [{"value": "100"}]}
    world.under_load(0)
    assert world.size == 4


def test_one_failing_metric_lets_it_grow_but_not_shrink(world):
    world.autoscale(metrics=[PODS, external(type="Value", value="100")])
    world.client.answers[f"{EXTERNAL}/queue"] = {"items": [{"value": "150"}]}
    world.under_load(0)
    assert world.size == 3
    world.client.answers[f"{EXTERNAL}/queue"] = {"items": [{"value": "1"}]}
    world.under_load(0, seconds=400)
    assert world.size == 3
    assert conditions(world.get(SCALERS, "web"))["ScalingActive"] == ("False", "FailedGetPodsMetric")
    inner = "unable to get metric hits: unable to fetch metrics from custom metrics API: "
    assert any(reason == "FailedGetPodsMetric" and text.startswith(inner) for _, reason, text in world.client.events("web"))


def test_two_autoscalers_of_the_same_pods_do_nothing(world):
    world.autoscale()
    other = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}, "maxReplicas": 5, "metrics": []}
    world.create(SCALERS, "rival", other)
    world.under_load(100)
    assert world.size == 2
    assert conditions(world.get(SCALERS, "web"))["ScalingActive"] == ("False", "AmbiguousSelector")
    text = "pods by selector app=web are controlled by multiple HPAs: [chat/rival chat/web]"
    assert ("Warning", "AmbiguousSelector", text) in world.client.events("web")


def test_a_custom_resource_with_a_scale_is_scaled_too(make_api):
    """In a cluster: ChatRoom has a scale subresource, its pods are chosen by the selector in its status."""
    api = make_api(workers=1, seed=3)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    paths = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size", "labelSelectorPath": ".status.selector"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    version["subresources"] = {"scale": paths, "status": {}}
    names = {"plural": "chatrooms", "kind": "ChatRoom", "singular": "chatroom"}
    spec = {"group": "chat.example", "scope": "Namespaced", "names": names, "versions": [version]}
    made = api.post(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"metadata": {"name": "chatrooms.chat.example"}, "spec": spec}
    )
    assert made.status == 201
    api.advance(2)
    rooms = "/apis/chat.example/v1/namespaces/default/chatrooms"
    api.post(rooms, {"apiVersion": "chat.example/v1", "kind": "ChatRoom", "metadata": {"name": "lobby"}, "spec": {"size": 2}})
    api.patch(f"{rooms}/lobby/status", {"status": {"size": 2, "selector": "room=lobby"}})
    reference = {"apiVersion": "chat.example/v1", "kind": "ChatRoom", "name": "lobby"}
    scalers = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    api.post(scalers, {"metadata": {"name": "lobby"}, "spec": {"scaleTargetRef": reference, "minReplicas": 3, "maxReplicas": 5}})
    missing = {**reference, "kind": "Nothing"}
    api.post(scalers, {"metadata": {"name": "none"}, "spec": {"scaleTargetRef": missing, "maxReplicas": 5}})
    api.advance(20)
    assert api.get(f"{rooms}/lobby").json["spec"]["size"] == 3
    why = api.get(f"{scalers}/none").json["status"]["conditions"][0]["message"]
    assert why.endswith('no matches for kind "Nothing" in group "chat.example"')
