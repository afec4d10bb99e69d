"""The Deployment controller: ReplicaSets old and new, moved from one to the other step by step.

Upstream: k8s.io/kubernetes/pkg/controller/deployment. `rolling` is the arithmetic, `revisions` the history, `status`
what the Deployment says about itself: all pure; `controller` looks and writes.
"""

from k8slab.sim.controllers.deployment.controller import DeploymentController

__all__ = ["DeploymentController"]
