"""The controllers of kube-controller-manager: one file per controller, each a level-based `reconcile`.

Upstream: k8s.io/kubernetes/pkg/controller. `base` says how all of them work.
"""

from k8slab.sim.controllers.manager import MANAGER, ControllerManager

__all__ = ["MANAGER", "ControllerManager"]
