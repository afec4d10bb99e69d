"""Explanations about the cluster's own parts: nodes, drains, namespaces, quota."""
