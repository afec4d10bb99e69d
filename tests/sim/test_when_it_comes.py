"""On a stepped clock it does not matter when a request comes: it begins when the cluster is at rest."""

import asyncio
from collections.abc import Callable

from k8slab.apimachinery.types import Object
from tests.sim.conftest import Api

PODS = "/api/v1/namespaces/default/pods"


def _after(api: Api, turns: int) -> list[Object]:
    """Delete a ReplicaSet's pods, and make a ConfigMap so many turns of the loop later; return the pods that come back."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    spec = {"replicas": 60, "selector": {"matchLabels": labels}, "template": template}

    async def both() -> None:
        path = "/apis/apps/v1/namespaces/default/replicasets"
        first = asyncio.ensure_future(api.request("POST", path, {"metadata": {"name": "web"}, "spec": spec}))
        for _ in range(turns):
            await asyncio.sleep(0)
        await api.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "note-"}})
        await first

    api.loop.run_until_complete(both())
    return [(p["metadata"]["name"], p["spec"].get("nodeName")) for p in api.get(PODS).json["items"]]


def test_a_write_in_the_middle_of_the_clusters_work_waits_for_its_end(make_api: Callable[..., Api]) -> None:
    runs = [_after(make_api(workers=2, seed=3), turns) for turns in (2, 6, 10, 14, 18)]
    assert len(runs[0]) == 60
    assert all(run == runs[0] for run in runs)
