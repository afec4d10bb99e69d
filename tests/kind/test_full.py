"""A whole kind cluster, where a container engine and a node image are at hand: ``make test-kind``.

Run by nobody else: `make test` has neither.
"""

import os
from collections.abc import Iterator

import pytest

from k8slab.cluster.kind import Kind, engines
from k8slab.errors import K8slabError
from k8slab.lessons.lab import lab

NAME = "k8slab-test"


@pytest.fixture(scope="module")
def kind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kind]:
    if os.environ.get("K8SLAB_TEST_KIND") != "1":
        pytest.skip("a whole kind cluster is for `make test-kind`")
    if not any(engine.running for engine in engines()):
        pytest.skip("no container engine is running")
    cluster = Kind(NAME, tmp_path_factory.mktemp("kind"))
    try:
        cluster.up(progress=print)
    except K8slabError as error:
        if "node image" in str(error):
            pytest.skip(str(error))
        raise
    yield cluster
    cluster.down()


def test_it_runs_and_says_what_it_can_do(kind: Kind) -> None:
    assert kind.running()
    assert kind.nodes() == [f"{NAME}-control-plane"]
    found = kind.capabilities()
    assert "containers" in found
    assert "policy" in found
    assert "clock" not in found


def test_it_is_adopted_by_whoever_did_not_make_it(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Kind(NAME, tmp_path_factory.mktemp("other"))
    other.up()
    assert "was not made by k8slab and stays" in other.down()
    assert kind.running()


@pytest.mark.parametrize("lab_id", ["00", "01"])
def test_a_lab_opens_on_it(kind: Kind, lab_id: str) -> None:
    opened = lab(lab_id, kind.connect())
    assert "nodes" in repr(opened)
    opened.cluster.delete("namespaces", opened.namespace)
    opened.cluster.close()


def test_the_labs_images_come_onto_its_nodes_and_run(kind: Kind) -> None:
    try:
        kind.add("chatter", print)
    except K8slabError as error:
        if "cannot build" in str(error):
            pytest.skip(str(error))
        raise
    assert "images" in kind.capabilities()
    opened = lab("01", kind.connect())
    opened.kubectl("run rooms --image=chatter/rooms:1.0 --labels=app=rooms")
    assert opened.check("01.1").done
    opened.leave()
    opened.cluster.close()
