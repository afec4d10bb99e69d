"""k8slab: learn Kubernetes by doing it, in a notebook, on any cluster."""
