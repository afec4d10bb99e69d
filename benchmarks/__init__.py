"""The figures of the README, each measured by one command: ``python -m benchmarks NAME``.

All but ``startup`` and ``memory`` run against any API server (``--kubeconfig``), so that a real control plane can be
measured by the same command; without one they start an embedded cluster of their own.
"""
