import pytest

from k8slab.sim.apiserver.authorization import Authorizer
from k8slab.sim.apiserver.authorization.bootstrap import bootstrap_objects
from k8slab.sim.kernel import Kernel
from tests.sim.fakes import FakeClient


@pytest.fixture
def client():
    client = FakeClient(Kernel(seed=1))
    client.add(*bootstrap_objects())
    return client


@pytest.fixture
def authorizer(client):
    authorizer = Authorizer(client)
    client.kernel.run_ready()
    return authorizer
