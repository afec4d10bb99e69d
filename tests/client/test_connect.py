"""From a kubeconfig to a cluster: which context, which namespace, and what is said where there is none."""

from pathlib import Path

import pytest
import yaml

from k8slab.client import connect
from k8slab.errors import K8slabError


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Two contexts and no current one."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u"}},
            {"name": "two", "context": {"cluster": "c", "user": "u", "namespace": "chat"}},
        ],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.mark.parametrize(("context", "namespace"), [("one", "default"), ("two", "chat")])
def test_a_context_that_is_named_needs_no_current_one(kubeconfig: Path, context: str, namespace: str) -> None:
    cluster = connect(context, kubeconfig)
    assert (cluster.context, cluster.namespace) == (context, namespace)
    cluster.close()


@pytest.mark.parametrize(("context", "missing"), [(None, "key current-context"), ("three", "object with name three")])
def test_a_context_that_there_is_not(kubeconfig: Path, context: str | None, missing: str) -> None:
    with pytest.raises(K8slabError, match=f"No usable cluster in .*Expected {missing}"):
        connect(context, kubeconfig)
