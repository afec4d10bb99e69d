"""kubectl in a cell says what it says in a terminal."""

from types import SimpleNamespace

import pytest

from k8slab.client import kubectl

HERE = SimpleNamespace(context="", subject="", groups=(), namespace="lab-01", kubeconfig="/dev/null")


@pytest.mark.parametrize("arguments", ["frobnicate", "kubectl frobnicate pods"])
def test_a_command_that_kubectl_does_not_know_is_named(arguments: str) -> None:
    assert 'unknown command "frobnicate"' in kubectl(HERE, arguments)  # type: ignore[arg-type]
