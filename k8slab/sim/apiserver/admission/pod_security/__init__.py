"""Pod Security admission: the checks of the Pod Security Standards, and the plugin that applies them."""

from k8slab.sim.apiserver.admission.pod_security.levels import LEVELS, evaluate, summary
from k8slab.sim.apiserver.admission.pod_security.plugin import PodSecurity
from k8slab.sim.apiserver.admission.pod_security.spec import Violation

__all__ = ["LEVELS", "PodSecurity", "Violation", "evaluate", "summary"]
