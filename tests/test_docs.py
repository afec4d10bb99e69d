"""The documents say what is so: files they name exist, commands they show work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from k8slab.cli import app
from k8slab.sim.server import ServerConfig, ServerThread
from tests.processes import Kubectl

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *map(str, (ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert not [target for target in targets if not (document.parent / target).exists()]


def test_the_map_names_folders_that_exist() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert "k8slab/sim/etcd/" in named
    assert not [name for name in named if not (ROOT / name).exists() and not (ROOT / "k8slab/sim" / name).exists()]


def test_contributing_names_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    names = {name for name in re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", text) if "my_" not in name}
    there = {path.name for path in (ROOT / "k8slab").rglob("*.py")} | {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert names
    assert {name.rpartition("/")[2] for name in names} <= there


def test_make_targets_in_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {t for path in DOCUMENTS for t in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE)}
    assert used <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_of_k8slab_in_the_documents_exist_with_their_options(document: Path) -> None:
    program = typer.main.get_command(app)
    known = {name: {option for p in command.params for option in p.opts} for name, command in program.commands.items()}
    for name, rest in re.findall(r"(?:^|`|; |\$\(|&& )k8slab ([a-z-]+)([^`#|;)\n]*)", document.read_text(), re.MULTILINE):
        assert name in known
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known[name] | {"--help"}


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Kubectl]:
    config = ServerConfig(tmp_path_factory.mktemp("state"), seed=1, clock_mode="stepped", start_delays=False, durable=False)
    with ServerThread(config) as server:
        assert server.kubeconfig is not None
        yield Kubectl(server.kubeconfig, home, "default")


def test_extending_s_way_to_let_time_pass(stepped: Kubectl) -> None:
    path, body = re.findall(r"kubectl create --raw (\S+) -f - <<END\n(.*)\nEND", (ROOT / "docs/extending.md").read_text())[0]
    now = "jsonpath={.status.now}"
    before = stepped("get", "clock", "cluster", "-o", now).out
    assert stepped("get", "clock", "cluster", "-o", now).out == before
    stepped("create", "--raw", path, "-f", "-", stdin=body)
    assert stepped("get", "clock", "cluster", "-o", now).out > before


def test_extending_s_way_to_see_a_decision(stepped: Kubectl) -> None:
    stepped("run", "web", "--image=nginx:1.27")
    trace = json.loads(stepped("get", "schedulingtrace", "web", "-o", "json").out)
    assert trace["kind"] == "SchedulingTrace"
    assert len(trace["status"]["nodes"]) == 4
    stepped("patch", "clock", "cluster", "--type", "merge", "-p", '{"spec": {"mode": "accelerated", "rate": 10}}')
    assert stepped("get", "clock", "cluster", "-o", "jsonpath={.spec.mode}").out == "accelerated"
