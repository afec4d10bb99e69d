"""The Makefile: what it offers, and what it says where something is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import Result, run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A place with nothing but the files make looks at."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(there: Path, *arguments: str) -> Result:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTEST"))}
    return run(["make", "--no-print-directory", "-C", str(there), *arguments], kept)


def test_help_is_the_default_and_names_every_target() -> None:
    text = make(ROOT).out
    assert text == make(ROOT, "help").out
    for target in ("lab", "test", "lint", "notebooks", "bench"):
        assert re.search(rf"^make {target} +\S", text, re.MULTILINE)


def test_no_python(clone: Path) -> None:
    result = make(clone, "lab", "PYTHON=no-such-python")
    assert result.code == 2
    assert result.out.strip() == (
        "k8slab needs Python 3.11 or newer: no 'no-such-python' found; install it or say make PYTHON=/path/to/python3"
    )


def test_an_old_python(clone: Path) -> None:
    old = clone / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.8.1" && exit\nexit 1\n')
    old.chmod(0o755)
    result = make(clone, "test", f"PYTHON={old}")
    assert result.code == 2
    assert f"k8slab needs Python 3.11 or newer, and '{old}' is Python 3.8.1;" in result.out
    assert not (clone / ".venv").exists()


def test_a_python_without_venv(clone: Path) -> None:
    poor = clone / "poor-python"
    poor.write_text('#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *) exit 0;; esac\n')
    poor.chmod(0o755)
    assert (
        f"'{poor}' has no venv module; on Debian and Ubuntu: apt install python3-venv" in make(clone, "lab", f"PYTHON={poor}").out
    )


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "make test"
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("origin", "path"),
    [
        ("https://github.com/ada/k8slab.git", "gh/ada/k8slab/HEAD"),
        ("git@github.com:ada/k8slab", "gh/ada/k8slab/HEAD"),
        ("https://gitlab.com/ada/labs/k8slab", "gl/ada%2Flabs%2Fk8slab/HEAD"),
        ("https://git.example.org/k8slab", "git/https%3A%2F%2Fgit.example.org%2Fk8slab/HEAD"),
    ],
)
def test_the_badge_is_of_the_clone_s_own_repository(tmp_path: Path, origin: str, path: str) -> None:
    for command in (["init", "--quiet"], ["remote", "add", "origin", origin]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    done = run([sys.executable, str(ROOT / "tools/badge.py")], {**os.environ, "GIT_DIR": str(tmp_path / ".git")})
    workspace = json.loads((ROOT / "binder/workspace.json").read_text())["metadata"]["id"]
    assert f"(https://mybinder.org/v2/{path}?urlpath=lab/workspaces/{workspace})" in done.out


def test_a_clone_without_origin_has_no_badge(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = run([sys.executable, str(ROOT / "tools/badge.py")], {**os.environ, "GIT_DIR": str(tmp_path / ".git")})
    assert (done.code, done.err.split(";")[0].strip()) == (1, 'this clone has no remote "origin"')
