"""The list of labs that JupyterLab shows is the labs."""

import subprocess
import sys

from k8slab.lessons.catalogue import _FILE, catalogue, described
from k8slab.lessons.reports import all_contents


def test_the_catalogue_is_what_the_labs_are() -> None:
    assert _FILE.read_text() == described(all_contents()), "run: python -m k8slab.lessons.catalogue"
    assert [entry.id for entry in catalogue()] == [content.id for content in all_contents()]


def test_reading_catalogue_and_progress_imports_no_lab_and_no_client() -> None:
    """The Jupyter server does that: it is to stay small."""
    code = (
        "import sys, k8slab.jupyterlab.handlers; print([m for m in sys.modules if m in ('kubernetes', 'k8slab.lessons.lab00')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
