"""The JavaScript: its pure parts have tests of their own (js/test), and what is committed was built from what is committed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JS = ROOT / "js"
BUILT = ["k8slab/views/static/views.js", "k8slab/jupyterlab/labextensions/k8slab/static/lab.js"]


@pytest.mark.parametrize("built", BUILT)
def test_the_built_file_names_the_sources_that_are_here(built: str) -> None:
    digest = hashlib.sha256()
    for name in sorted(path.relative_to(JS / "src").as_posix() for path in (JS / "src").rglob("*.js")):
        digest.update(name.encode() + (JS / "src" / name).read_bytes())
    first = (ROOT / built).read_text().partition("\n")[0]
    assert first == f"// From js/src, sha256 {digest.hexdigest()[:16]}", "js/src was changed: run `make assets`"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_tests_of_the_javascript_pass() -> None:
    files = [str(path) for path in sorted((JS / "test").glob("*.test.js"))]
    result = subprocess.run(["node", "--test", *files], cwd=JS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
