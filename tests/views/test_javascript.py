"""The pure parts of the widgets' JavaScript have tests of their own, in js/test."""

import shutil
import subprocess
from pathlib import Path

import pytest

JS = Path(__file__).resolve().parents[2] / "js"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_tests_of_the_javascript_pass() -> None:
    files = [str(path) for path in sorted((JS / "test").glob("*.test.js"))]
    result = subprocess.run(["node", "--test", *files], cwd=JS, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
