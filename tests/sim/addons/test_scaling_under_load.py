"""Load saturates one pod, the autoscaler sees it in the pods' own metrics, more pods bring the latency down: a true curve."""

from collections.abc import Callable

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api
from tests.sim.controllers.test_in_a_cluster import Lab

SCRAPE = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}


def rush(api: Api) -> tuple[list[Object], list[int]]:
    """Run 25 requests/s of 10 ms each against pods of a fifth of a CPU; return the series, and the replicas every 15 s."""
    lab = Lab(api)
    container = {"name": "c", "image": "chatter/web:1.0", "resources": {"limits": {"cpu": "200m"}}}
    container["readinessProbe"] = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 2}
    template = {"metadata": {"labels": {"app": "web"}, "annotations": SCRAPE}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    make(lab, "deployments.apps", "apps/v1", "Deployment", spec)
    make(lab, "services", "v1", "Service", {"selector": {"app": "web"}, "ports": [{"port": 8080}]})
    target = {"type": "AverageValue", "averageValue": "8"}
    metric = {"type": "Pods", "pods": {"metric": {"name": "http_requests_per_second"}, "target": target}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 6, "metrics": [metric]}
    make(lab, "horizontalpodautoscalers.autoscaling", "autoscaling/v2", "HorizontalPodAutoscaler", scaler)
    lab.after(60)
    stages = [{"durationSeconds": 150, "target": 25}]
    run = {"url": "http://web.default.svc.cluster.local:8080/work?ms=10", "stages": stages, "intervalSeconds": 15}
    run["timeoutSeconds"] = 30
    make(lab, "loadruns.sim.k8slab.dev", "sim.k8slab.dev/v1alpha1", "LoadRun", run)
    sizes = []
    for _ in range(10):
        lab.after(15)
        sizes.append(int(lab.deployment()["spec"]["replicas"]))
    series: list[Object] = lab.admin.get("loadruns.sim.k8slab.dev", "web", "default")["status"]["series"]
    return series, sizes


def make(lab: Lab, resource: str, api_version: str, kind: str, spec: Object) -> None:
    meta = {"name": "web", "namespace": "default"}
    lab.admin.create(resource, {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": spec})


def test_more_load_more_pods_less_latency(make_api: Callable[..., Api]) -> None:
    series, sizes = rush(make_api(workers=2, seed=11))
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 4)  # 25 requests/s, 8 a pod
    waiting = [point["latencySeconds"]["p90"] for point in series]
    assert max(waiting[:4]) > 1.0  # one pod can do 20 a second: the line grows
    assert max(waiting[-4:]) < 0.2
    refused = [point["outcomes"].get("refused", 0) for point in series]
    assert refused[0] > 0  # the saturated pod answers its readiness probe too late
    assert sum(refused[-4:]) == 0


def test_the_same_seed_gives_the_same_curve(make_api: Callable[..., Api]) -> None:
    assert rush(make_api(workers=2, seed=12)) == rush(make_api(workers=2, seed=12))
