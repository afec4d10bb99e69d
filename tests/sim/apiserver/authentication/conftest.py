import pytest

from k8slab.sim.apiserver.authentication import ServiceAccountTokens
from k8slab.sim.apiserver.pki import ensure_pki
from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    pki = ensure_pki(tmp_path_factory.mktemp("state") / "pki")
    return pki.account_key, pki.account_public_key


@pytest.fixture
def client():
    client = FakeClient(Kernel(Clock("stepped"), seed=1))
    client.add(
        {"kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "chat", "uid": "sa-uid"}},
        {"kind": "Node", "metadata": {"name": "worker-1", "uid": "node-uid"}},
        {
            "kind": "Pod",
            "metadata": {"name": "web-0", "namespace": "chat", "uid": "pod-uid"},
            "spec": {"serviceAccountName": "web", "nodeName": "worker-1"},
        },
    )
    return client


@pytest.fixture
def tokens(client, keys):
    return ServiceAccountTokens(client, client.kernel, *keys)
