from collections.abc import Callable

import pytest

from k8slab.sim.apiserver.admission import AdmissionRequest, Chain, default_plugins
from k8slab.sim.apiserver.authentication import MASTERS, UserInfo
from k8slab.sim.apiserver.authorization import Authorizer
from k8slab.sim.apiserver.resources import RESOURCES
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient

BY_NAME = {resource.full_name: resource for resource in RESOURCES}
ROOT = UserInfo("root", groups=(MASTERS,))


@pytest.fixture
def client():
    client = FakeClient(Kernel(Clock("stepped"), seed=1))
    client.add(
        {"kind": "Namespace", "metadata": {"name": "chat"}, "status": {"phase": "Active"}},
        {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "chat"}},
    )
    return client


@pytest.fixture
def admit(client) -> Callable[..., AdmissionRequest]:
    """Run a request through the default chain: ``admit(operation, resource, object)`` gives the request as it came out."""
    chain = Chain(default_plugins(client, client.kernel, Authorizer(client)))

    def run(operation, resource, obj=None, old=None, user=ROOT, subresource="", dry_run=False):
        meta = (obj or old)["metadata"]
        where, name = meta.get("namespace", ""), meta.get("name", "")
        request = AdmissionRequest(user, operation, BY_NAME[resource], subresource, where, name, obj, old, dry_run)
        chain.mutate(request)
        chain.validate(request)
        return request

    return run


@pytest.fixture
def make_pod():
    def make(name="web", namespace="chat", requests=None, limits=None, **spec):
        resources = {key: value for key, value in (("requests", requests), ("limits", limits)) if value}
        container = {"name": "c", "image": "nginx", **({"resources": resources} if resources else {})}
        meta = {"name": name, "namespace": namespace}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **spec}}

    return make
