"""The root of every error that k8slab itself raises.

API errors are the other family: `k8slab.sim.apiserver.errors.StatusError` inside the embedded cluster and
`kubernetes.client.ApiException` outside it, both carrying a Kubernetes `Status`.
"""

__all__ = ["K8slabError"]


class K8slabError(Exception):
    """Something the user can act on: the text names the subject, the value in quotes and the next step."""
