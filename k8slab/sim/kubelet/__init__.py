"""The node agent: runs the pods bound to its node (real component: the kubelet).

Called by `k8slab.sim.cluster` (one `Kubelet` per node, one `PodRouter` for all) and by the API server's pod subresources
(logs, exec, attach). `stages` is the table of the pod life cycle, `worker` carries it out.
"""

from k8slab.sim.kubelet.config import KubeletOptions, NodeConfig
from k8slab.sim.kubelet.kubelet import Kubelet
from k8slab.sim.kubelet.router import PodRouter

__all__ = ["Kubelet", "KubeletOptions", "NodeConfig", "PodRouter"]
