"""The vocabulary of the Kubernetes API as pure functions over plain dictionaries.

Upstream: k8s.io/apimachinery. Shared by the embedded cluster and by everything that explains or draws *any* cluster,
so nothing here knows where an object came from.
"""
