"""Which cluster: what is asked for, else a running one, else the embedded one; and never production by accident."""

from pathlib import Path

import pytest
import yaml

from k8slab.cluster.choice import source, use
from k8slab.cluster.context import ALLOW, Context, production_sign
from k8slab.cluster.systems import how_to_get, system
from k8slab.errors import K8slabError


def kubeconfig(folder: Path, context: str, cluster: str = "c", server: str = "https://127.0.0.1:1") -> Path:
    file = folder / "config"
    file.write_text(
        yaml.safe_dump(
            {
                "contexts": [{"name": context, "context": {"cluster": cluster, "user": "u"}}],
                "clusters": [{"name": cluster, "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "current-context": context,
            }
        )
    )
    return file


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("K8SLAB_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("K8SLAB_CLUSTER", raising=False)
    return tmp_path


def test_where_nothing_runs_it_is_the_embedded_cluster(nothing: Path) -> None:
    assert str(source()) == "embedded"


def test_what_is_asked_for_comes_first(nothing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLAB_CLUSTER", "kind:class")
    assert str(source()) == "kind:class"
    assert str(source("embedded")) == "embedded"
    with pytest.raises(K8slabError, match='"k8slab up --cluster kind:class" starts it'):
        use()


@pytest.mark.parametrize("which", ["kind:", "context:", "context", "minikube", "docker:x", ""])
def test_a_cluster_that_there_is_not(nothing: Path, which: str) -> None:
    with pytest.raises(K8slabError, match="unknown cluster"):
        source(which)


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("prod",), "prod"),
        (("gke_shop_europe-west1_prod-2",), "prod"),
        (("arn:aws:eks:eu-west-1:1:cluster/PRODUCTION",), "PRODUCTION"),
        (("blue", "cluster-live"), "live"),
        (("x", "c", "https://api.prd.example.com:6443"), "prd"),
        (("kind-k8slab",), None),
        (("product-tour",), None),
        (("reproduction",), None),
        (("delivery", "olive"), None),
        (("staging",), None),
    ],
)
def test_what_looks_like_production(names: tuple[str, ...], word: str | None) -> None:
    assert production_sign(*names) == word


def test_production_is_refused_until_it_is_allowed_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kubeconfig(tmp_path, "shop", "shop-prod")
    monkeypatch.delenv(ALLOW, raising=False)
    with pytest.raises(K8slabError, match=f"export {ALLOW}=shop"):
        Context("shop", file)
    monkeypatch.setenv(ALLOW, "another")
    with pytest.raises(K8slabError, match="labs break things on purpose"):
        Context("shop", file)
    monkeypatch.setenv(ALLOW, "shop")
    assert Context("shop", file).kubeconfig == file


def test_a_context_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(K8slabError, match=r'no context "b" in ".*config"; there are a'):
        Context("b", kubeconfig(tmp_path, "a"))
    (tmp_path / "config").write_text("{[")
    with pytest.raises(K8slabError, match="cannot be read"):
        Context("a", tmp_path / "config")


def test_the_context_is_looked_for_in_every_file_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, second = kubeconfig(tmp_path / "one", "a"), kubeconfig(tmp_path / "two", "b")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}")
    assert source("context:b").kubeconfig == second


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "debian"),
        ('ID="rhel"\n', "fedora"),
        ("ID=alpine\n", "linux"),
        ("", "linux"),
    ],
)
def test_the_system_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, family: str) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    (tmp_path / "os-release").write_text(text)
    assert system(tmp_path / "os-release") == family
    for what in ("kind", "engine", "start docker", "start podman"):
        assert how_to_get(what, family)
