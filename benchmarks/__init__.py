"""The figures of the README, each measured by one command: ``python -m benchmarks NAME``.

All but ``startup``, ``thread``, ``memory`` and ``lost-node`` (which crashes a node by the glass box) run against any API server
(``--kubeconfig``), so that a real control plane can be measured by the same command; without one they start an embedded
cluster of their own. What ``steady`` says of memory and CPU is of the processes that ``--pid`` names.
"""
