"""An Ingress controller as an add-on: ingress-nginx, as its manifest for kind installs it.

- `install`: the objects, in namespace ingress-nginx: a Deployment on the first node with host ports 80 and 443, its Service, the
  IngressClass ``nginx``;
- `status`: what the controller writes to Ingresses: their address, events;
- what it decides is in `k8slab.sim.network.ingress`, what it answers in `k8slab.sim.runtime.apps.ingress`;
- on the host it is reached at 127.0.0.1, see `k8slab.sim.ingressdoor`.
"""

from k8slab.sim.addons.ingress.install import ACCOUNT, IMAGE, NAMESPACE, READY_LABEL, SERVICE, install_ingress
from k8slab.sim.addons.ingress.status import HTTP_MARK, HTTPS_MARK, IngressStatus

__all__ = [
    "ACCOUNT",
    "HTTPS_MARK",
    "HTTP_MARK",
    "IMAGE",
    "NAMESPACE",
    "READY_LABEL",
    "SERVICE",
    "IngressStatus",
    "install_ingress",
]
