"""``make test-labs``: the labs on a cluster of one's own."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from k8slab.cluster.capabilities import Capabilities, Capability
from k8slab.lessons import Exercise, LabContent, content_of
from tests.processes import K8slab, Kubectl, Result

from .elsewhere import LABS, SKIPPED, lax, main, solved


@pytest.fixture
def run_labs(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    def run_labs(kubeconfig: Path, *arguments: str) -> Result:
        for name in [name for name in os.environ if name.startswith("K8SLAB_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        code = main([*arguments])
        return Result(*capfd.readouterr(), code)

    return run_labs


def kubeconfig(folder: Path, **contexts: str) -> Path:
    """A kubeconfig of contexts and the addresses of their servers."""
    file = folder / "kubeconfig"
    clusters = [{"name": name, "cluster": {"server": server}} for name, server in contexts.items()]
    named = [{"name": name, "context": {"cluster": name, "user": "me"}} for name in contexts]
    users = [{"name": "me", "user": {}}]
    config = {"kind": "Config", "current-context": next(iter(contexts)), "clusters": clusters, "contexts": named, "users": users}
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], 'say on which cluster: make test-labs CONTEXT=NAME ("kubectl config get-contexts" lists them)'),
        ([""], 'say on which cluster: make test-labs CONTEXT=NAME ("kubectl config get-contexts" lists them)'),
        (["mine"], 'there is no context "mine" in "{file}"; there are away, shop-prod'),
        (["shop-prod"], 'the context "shop-prod" looks like production ("prod"), and labs break things on purpose; if it is '
         "yours to break, say: export K8SLAB_ALLOW_CONTEXT=shop-prod"),
        (["away"], 'nobody answers at https://127.0.0.1:1, the address of the context "away"'),
        (["away", "77"], "There is no lab '77'."),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_told_in_one_sentence(
    run_labs: Callable[..., Result], tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    file = kubeconfig(tmp_path, away="https://127.0.0.1:1", **{"shop-prod": "https://127.0.0.1:2"})
    result = run_labs(file, *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"make test-labs: {sentence.format(file=file)}\n"


def able(**there: bool | None) -> Capabilities:
    return Capabilities({name: Capability(name, known, "looked") for name, known in there.items()})


def test_checks_are_compared_and_what_the_cluster_cannot_show_is_skipped() -> None:
    def nothing(_: object) -> list[object]:
        return []

    def exercise(number: int, *needs: str) -> Exercise:
        return Exercise(f"01.{number}", "", nothing, ("", ""), "", "", needs=needs)  # type: ignore[arg-type]

    content = LabContent("01", "", (exercise(1), exercise(2, "metrics"), exercise(3, "ingress"), exercise(4, "zones")))
    notebook = solved(content_of("01"))
    notebook.cells = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", ()) or "exercise" in
                      cell.metadata.get("tags", ())][:8]  # fmt: skip
    cells = lax(notebook, content, able(metrics=False, ingress=None, zones=True)).cells
    assert ["nbval-check-output" in cell.metadata.tags for cell in cells] == [False, True] * 4
    skipped = [cell.metadata.get(SKIPPED) for cell in cells]
    assert skipped == [None, None, *2 * ["01.2: There is no metrics API for kubectl top and the autoscaler (kind: k8slab addon "
                       "metrics-server)."], None, None, None, None]  # fmt: skip


def test_of_a_check_only_the_verdict_is_compared_and_what_is_missing() -> None:
    text = (LABS / "sanitize.cfg").read_text()
    patterns = re.findall("^regex: (.*)$\n^replace: (.*)$", text, flags=re.MULTILINE)  # as nbval reads it
    assert len(patterns) == text.count("regex:")

    def sanitized(said: str) -> str:
        for regex, replace in patterns:
            said = re.sub(regex, replace, said)
        return said

    here = "Exercise 01.1: done. Run it.\n  ✓ pod/a exists\n  ✓ it runs on worker-1"
    there = "Exercise 01.1: done. Run it.\n  ✓ pod/a exists\n  ✓ it runs on kind-worker\n  ✓ its address is 10.1.1.7"
    wrong = "Exercise 01.1: not yet. Run it.\n  ✓ pod/a exists\n  ✗ it does not run"
    assert sanitized(here) == sanitized(there)
    assert sanitized(here) != sanitized(wrong)
    assert "it does not run" in sanitized(wrong)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K8slab]:
    """A cluster that is nobody's default, of another shape."""
    server = K8slab(tmp_path_factory.mktemp("second") / "state")
    shape = LABS.parent / "clusters" / "high-availability.yaml"
    assert server("up", "--config", str(shape), "--clock", "stepped", "--seed", "2").code == 0
    yield server
    server("down")


def test_a_lab_on_a_second_server_passes_and_leaves_nothing(run_labs: Callable[..., Result], second: K8slab, home: Path) -> None:
    kubectl = Kubectl(second.kubeconfig, home, "default")
    before = kubectl("get", "namespaces,priorityclasses,nodes", "-o", "name").out
    result = run_labs(second.kubeconfig, "k8slab", "04")
    assert result.code == 0, result.out[-3000:] + result.err
    assert re.search(r"\d+ passed", result.out)
    assert "yes clock" in result.out
    assert kubectl("get", "namespaces,priorityclasses,nodes", "-o", "name").out == before


def test_somebodys_work_is_left_alone(run_labs: Callable[..., Result], second: K8slab, home: Path) -> None:
    kubectl = Kubectl(second.kubeconfig, home, "default")
    kubectl("create", "namespace", "lab-02")
    kubectl("create", "configmap", "mine", "--namespace=lab-02")
    result = run_labs(second.kubeconfig, "k8slab", "02", "03")
    assert result.code == 2
    assert "there is work in the namespace lab-02, which a run would change and then delete" in result.err
    assert "configmap/mine" in kubectl("get", "configmaps", "--namespace=lab-02", "-o", "name").out
    kubectl("delete", "namespace", "lab-02")


def test_make_hands_the_words_on() -> None:
    made = subprocess.run(["make", "-n", "-C", str(LABS.parent), "test-labs", "CONTEXT=kind-mine", "LABS=02 03"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert 'python -m tests.notebooks.elsewhere "kind-mine" 02 03' in made.stdout
