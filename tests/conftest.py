"""Fixtures of tests that need a real server process: one per pytest worker, each test in a namespace of its own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import K8slab, Kubectl


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K8slab]:
    """A server process of this worker."""
    k8slab = K8slab(tmp_path_factory.mktemp("server") / "state")
    result = k8slab("up", "--no-start-delays")
    assert result.code == 0, result.err
    yield k8slab
    k8slab("down")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory, where kubectl keeps its caches."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def namespace(server: K8slab, home: Path) -> Iterator[str]:
    """A namespace of the test's own, with its default ServiceAccount."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    kubectl = Kubectl(server.kubeconfig, home, "default")
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def kubectl(server: K8slab, home: Path, namespace: str) -> Kubectl:
    """Kubectl in the test's namespace."""
    return Kubectl(server.kubeconfig, home, namespace)
