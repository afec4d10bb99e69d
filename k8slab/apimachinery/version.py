"""The version that the cluster says it has: the API of Kubernetes 1.37, as this project serves it."""

__all__ = ["GIT_VERSION"]

#: Of the API server and, as in a cluster that is up to date, of every node.
GIT_VERSION = "v1.37.1+k8slab"
