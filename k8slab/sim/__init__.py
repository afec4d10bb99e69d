"""The embedded cluster: a Kubernetes control plane, nodes and network simulated in one process.

One folder per real component, under its real name. See ARCHITECTURE.md for the map.
"""
