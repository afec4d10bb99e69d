"""The package as it is installed: from the source distribution, away from the checkout, by somebody with an empty home."""

import json
import os
import subprocess
import tarfile
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.installing import build, install
from tests.jupyter import Jupyter
from tests.processes import Result, eventually, free_port, run

ROOT = Path(__file__).resolve().parent.parent
LABS = sorted(path.name for path in (ROOT / "labs").glob("*.ipynb"))
FIRST = LABS[0]


@dataclass(frozen=True)
class Installation:
    """An environment with the package, and a user of it."""

    programs: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.home), "LANG": "C.UTF-8", "K8SLAB_CLOCK": "stepped", "K8SLAB_SEED": "1"}

    def __call__(self, *arguments: str) -> Result:
        return run([str(self.programs / "k8slab"), *arguments], self.environment)

    @property
    def labs(self) -> Path:
        return self.home / "k8slab-labs"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(ROOT, tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def installed(packages: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    there = Installation(install(packages[1], tmp_path_factory.mktemp("installed")), tmp_path_factory.mktemp("home"))
    yield there
    there("down")


@pytest.fixture(scope="module")
def jupyter(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    server = Jupyter(f"127.0.0.1:{free_port()}", "secret")
    command = [installed.programs / "k8slab", "lab", "--no-browser", f"--port={server.address.partition(':')[2]}",
               f"--IdentityProvider.token={server.token}"]  # fmt: skip
    log = elsewhere.with_suffix(".log")
    with log.open("w") as out:
        process = subprocess.Popen(command, env=installed.environment, cwd=elsewhere, stdout=out, stderr=out)
    try:
        eventually(server.answers, 180)
        assert log.read_text().startswith(f"the labs are copied to {installed.labs}; they are yours to change\n")
        yield server
        process.terminate()
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()
    assert list(elsewhere.iterdir()) == [], "nothing is left in the folder it was started from"
    assert installed("status").code == 0, "the cluster goes on when JupyterLab ends"


def test_the_source_distribution_has_what_is_in_git_and_no_more(packages: tuple[Path, Path]) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("this is not a clone with git")
    with tarfile.open(packages[0]) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    there = {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()}
    assert names - {"PKG-INFO"} >= there
    assert not [name for name in names if any(part in name for part in ("__pycache__", "checkpoint", "_cache/", "node_modules"))]


def test_the_labs_are_listed_and_can_be_changed_and_the_package_stays_as_it_is(jupyter: Jupyter, installed: Installation) -> None:
    there = {entry["name"]: entry["writable"] for entry in jupyter("GET", "api/contents")["content"]}
    assert sorted(name for name in there if name.endswith(".ipynb")) == LABS
    assert all(there.values())
    notebook = jupyter("GET", f"api/contents/{LABS[1]}")
    notebook["content"]["cells"].insert(0, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "my own words"})
    jupyter("PUT", f"api/contents/{LABS[1]}", {"type": "notebook", "format": "json", "content": notebook["content"]})
    assert "my own words" in (installed.labs / LABS[1]).read_text()
    (shipped,) = installed.programs.parent.glob(f"lib/python*/site-packages/k8slab/_labs/{LABS[1]}")
    assert shipped.read_text() == (ROOT / "labs" / LABS[1]).read_text()


def test_nobody_gets_in_without_the_token(jupyter: Jupyter) -> None:
    assert jupyter.refuses("api/contents") == 403


def test_the_first_lab_runs_for_a_learner_who_solves_nothing(jupyter: Jupyter) -> None:
    cells = [cell for cell in json.loads((ROOT / "labs" / FIRST).read_text())["cells"] if cell["cell_type"] == "code"]
    outputs = jupyter.run(FIRST)
    said = json.dumps(outputs)
    assert "Kubernetes v1.37" in said
    assert said.count("application/vnd.jupyter.widget-view+json") >= 3
    expected = [
        "raises-exception" in cell["metadata"].get("tags", ()) or "lab.debrief(" in "".join(cell["source"]) for cell in cells
    ]
    failed = [out[-1] for out, may in zip(outputs, expected, strict=True) if out and out[-1]["type"] == "error" and not may]
    assert not failed, "what is not solved is no error, but for the look back on a fault that is not repaired"


@pytest.mark.parametrize("file", [p.name for p in sorted((ROOT / "k8slab/views/static").iterdir()) if p.suffix != ".py"])
def test_the_views_find_their_code(jupyter: Jupyter, file: str) -> None:
    assert jupyter("GET", f"lab/extensions/k8slab/static/{file}") == (ROOT / "k8slab/views/static" / file).read_text()


def test_jupyterlab_is_told_of_the_labs_and_of_nothing_that_a_stranger_could_read(jupyter: Jupyter) -> None:
    told = jupyter("GET", "k8slab/state")
    assert [lab["path"] for lab in told["labs"]] == LABS
    assert told["session"]["kept"]
    assert [jupyter.refuses(f"k8slab/{name}") for name in ("state", "progress")] == [403, 403]


def test_progress_can_be_taken_away_and_brought_back(jupyter: Jupyter, installed: Installation) -> None:
    before = jupyter("GET", "k8slab/state")["progress"]["done"]
    after = jupyter("POST", "k8slab/progress", {"exercises": {"10.1": {"done": True, "tries": 3}}})
    assert after["progress"]["done"] == sorted({*before, "10.1"})
    assert jupyter("GET", "k8slab/progress")["exercises"]["10.1"] == {"done": True, "tries": 3}
    with pytest.raises(urllib.error.HTTPError) as refused:
        jupyter("POST", "k8slab/progress", ["spam"])
    assert refused.value.code == 400
    assert "is not a progress file of k8slab" in json.loads(refused.value.read())["message"]


@pytest.mark.parametrize("file", ["package.json", "static/lab.js"])
def test_jupyterlab_s_own_part_is_served(jupyter: Jupyter, file: str) -> None:
    ours = (ROOT / "k8slab/jupyterlab/labextensions/k8slab" / file).read_text()
    served = jupyter("GET", f"lab/extensions/k8slab/{file}")
    assert served in (ours, json.loads(ours) if file.endswith("json") else None)


def test_a_terminal_has_kubectl_and_the_cluster(jupyter: Jupyter) -> None:
    assert "node/worker-1" in jupyter.type("kubectl get nodes --output=name", until="node/worker-3")


def test_starting_again_keeps_what_the_learner_did(installed: Installation, jupyter: Jupyter) -> None:
    mine = installed.labs / LABS[2]
    mine.write_text("changed")
    (installed.labs / LABS[3]).unlink()
    again = "from k8slab.cluster.labs import labs_folder; print(*labs_folder())"
    done = run([str(installed.programs / "python"), "-I", "-c", again], installed.environment)
    assert done.out == f"{installed.labs} brought up to date in {installed.labs}: {LABS[3]}\n"
    assert mine.read_text() == "changed"
    assert (installed.labs / LABS[3]).exists()
