"""The first cell of a lab does not wait for what it does not need."""

import subprocess
import sys


def test_opening_a_lab_does_not_build_a_grammar_of_addresses() -> None:
    script = "import sys, k8slab; k8slab.lab; print('rfc3987_syntax' in sys.modules, 'kubernetes.client' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "True"]
