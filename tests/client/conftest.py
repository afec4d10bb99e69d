from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8slab.client import Cluster, connect

from .fake_api import FakeApi


def kubeconfig(path: Path, port: int) -> Path:
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "fake",
        "clusters": [{"name": "fake", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "fake", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake", "namespace": "chat"}}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def api() -> Iterator[FakeApi]:
    server = FakeApi()
    yield server
    server.stop()


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    cluster = connect(kubeconfig=kubeconfig(tmp_path / "kubeconfig", api.port))
    yield cluster
    cluster.close()
