"""Ingress: which Service answers a request by its host and path, and with which certificate; as ingress-nginx decides."""

from k8slab.sim.network.ingress.rules import Backend, Forward, Page, Redirect, Site, build, decide
from k8slab.sim.network.ingress.table import CONTROLLER, Certificate, IngressTable

__all__ = [
    "CONTROLLER",
    "Backend",
    "Certificate",
    "Forward",
    "IngressTable",
    "Page",
    "Redirect",
    "Site",
    "build",
    "decide",
]
