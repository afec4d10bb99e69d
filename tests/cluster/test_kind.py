"""The real kind program: its command line, our configurations, what it says when it fails.

A whole cluster needs a node image, which only some machines have: tests/kind.
"""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from k8slab.cluster.kind import OLDEST, TROUBLES, Kind, engines, kind_version, recognise
from k8slab.cluster.kind.addons import ADDONS, install
from k8slab.cluster.kind.chatter import PARTS, VERSIONS, build
from k8slab.cluster.kind.program import run
from k8slab.errors import K8slabError

CLUSTERS = sorted((Path(__file__).resolve().parents[2] / "clusters").glob("*.yaml"))

NO_IMAGE = "no-such.invalid/node:v1"

with_kind = pytest.mark.skipif(shutil.which("kind") is None, reason="no kind on the path (Debian 13: apt install kind)")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> str:
    """An engine that runs but has no node image and no network to get one."""
    if shutil.which("kind") is None:
        pytest.skip("no kind on the path (Debian 13: apt install kind)")
    running = [e.name for e in engines() if e.running]
    if not running:
        pytest.skip("no container engine is running (Debian: apt install podman)")
    if "podman" in running:
        monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", "podman")
        return "podman"
    return running[0]


@with_kind
def test_its_version_is_read() -> None:
    version = kind_version()
    assert version is not None
    assert version >= OLDEST


@with_kind
def test_a_name_that_kind_does_not_take() -> None:
    with pytest.raises(K8slabError, match="What to do: "):
        run("create", "cluster", "--name", "Not A Name", "--config", str(CLUSTERS[0]))


def test_kind_understands_our_configurations(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets as far as the node image: the one that we name is not to be had anywhere. All at once: kind waits between tries."""
    users = tmp_path / "home" / "config"
    monkeypatch.setenv("KUBECONFIG", str(users))

    def make(config: Path) -> tuple[str, list[str]]:
        kind, said = Kind(f"k8slab-{config.stem}", tmp_path), []
        with pytest.raises(K8slabError) as failure:
            kind.up(config, said.append, image=NO_IMAGE)
        assert not kind.running()
        return str(failure.value), said

    with ThreadPoolExecutor() as pool:
        for failure, said in pool.map(make, CLUSTERS):
            assert "The node image is not here and cannot be pulled" in failure
            assert any("Ensuring node image" in line for line in said)
    assert not users.exists(), "the user's own kubeconfig is left alone"


def test_a_configuration_that_kind_does_not_understand(engine: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(yaml.safe_dump({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodez": []}))
    with pytest.raises(K8slabError, match="kind does not understand the configuration"):
        Kind("k8slab-test", tmp_path).up(bad)


@with_kind
def test_without_an_engine_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_kind = tmp_path / "bin"
    only_kind.mkdir()
    (only_kind / "kind").symlink_to(str(shutil.which("kind")))
    monkeypatch.setenv("PATH", str(only_kind))
    monkeypatch.delenv("KIND_EXPERIMENTAL_PROVIDER", raising=False)
    with pytest.raises(K8slabError, match="no Docker, Podman or nerdctl"):
        Kind("k8slab-test", tmp_path).up()


def test_without_kind_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(K8slabError, match='"k8slab doctor" says how to get it'):
        Kind("k8slab-test", tmp_path).up()


def test_a_cluster_that_we_do_not_use_is_not_taken_down(tmp_path: Path) -> None:
    assert Kind("somebody-elses", tmp_path).down() == 'k8slab uses no kind cluster "somebody-elses"'


def test_loading_an_image_needs_a_running_cluster(tmp_path: Path) -> None:
    with pytest.raises(K8slabError, match='"k8slab up --cluster kind:away" starts it'):
        Kind("away", tmp_path).load_image("web:1")


# Words of kind 0.27 and of the engines below it, as they came (shortened).
SAID = {
    "no-permission": "permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
    "no-engine": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    "rootless": "ERROR: failed to create cluster: running kind with rootless provider requires cgroup v2",
    "inotify": "Failed to create control group inotify object: Too many open files",
    "no-image": 'failed to pull image "kindest/node:v9": command "docker pull kindest/node:v9" failed with error: exit status 1',
    "port-taken": "Bind for 127.0.0.1:8080 failed: port is already allocated",
    "exists": 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "k8slab"',
    "bad-configuration": "ERROR: failed to create cluster: unable to decode config: yaml: field nodez not found",
    "no-space": "write /var/lib/docker/tmp/x: no space left on device",
    "not-up": 'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec ..." failed',
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: t.name)
def test_a_known_trouble_is_recognised_and_taken_for_no_other(trouble) -> None:
    assert recognise(SAID[trouble.name]) == trouble
    assert trouble.remedy


def test_an_unknown_trouble_is_not_explained_away() -> None:
    assert recognise("ERROR: something that nobody has seen before") is None


def test_every_addon_is_pinned() -> None:
    for addon in ADDONS.values():
        assert "/latest/" not in addon.manifest
        assert "/main/" not in addon.manifest
        assert "/master/" not in addon.manifest


def test_an_addon_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(K8slabError, match="there are calico, chatter, ingress, metrics-server"):
        install("istio", tmp_path / "kubeconfig")


def test_the_images_of_the_labs_are_built_by_the_engine(engine: str) -> None:
    """Where there is no network it gets as far as the image that they are made from: its file is understood."""
    have = subprocess.run([engine, "image", "exists", "docker.io/library/python:3.13-alpine"], check=False).returncode == 0
    try:
        built, why = list(build(engine)), ""
    except K8slabError as error:
        built, why = [], str(error)
    if have or os.environ.get("K8SLAB_TEST_KIND") == "1" or not why:
        assert len(built) == len(PARTS) * len(VERSIONS), why
    else:
        assert re.search(rf"{engine} cannot build chatter/web:1.0: .*python:3.13-alpine", why)


def test_every_image_that_a_lab_names_is_built() -> None:
    root = Path(__file__).resolve().parents[2]
    sources = [*(root / "labs" / "src").glob("*.md"), *(root / "labs" / "chatter").glob("*.yaml")]
    named = {name for file in sources for name in re.findall(r"chatter/[a-z]+:\d+\.\d+", file.read_text())}
    wrong_on_purpose = {"chatter/gatway:1.0", "chatter/web:1.11", "chatter/webb:1.0"}
    assert named - wrong_on_purpose <= {f"chatter/{part}:{version}" for part in PARTS for version in VERSIONS}
