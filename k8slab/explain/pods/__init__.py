"""Why a pod is not running and ready: one idea a file, in the order in which `DIAGNOSERS` tries them."""

from k8slab.explain.pods.configuration import configuration
from k8slab.explain.pods.crash import crash
from k8slab.explain.pods.ended import ended
from k8slab.explain.pods.images import images
from k8slab.explain.pods.lost import lost
from k8slab.explain.pods.readiness import readiness
from k8slab.explain.pods.restarts import healthy, restarts
from k8slab.explain.pods.scheduling import scheduling
from k8slab.explain.pods.starting import starting
from k8slab.explain.pods.terminating import terminating

__all__ = ["DIAGNOSERS"]

DIAGNOSERS = (
    terminating, ended, scheduling, images, configuration, crash, lost, starting, readiness, restarts, healthy,
)  # fmt: skip
