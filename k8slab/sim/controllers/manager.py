"""kube-controller-manager: all controllers under one roof, each with its own account, each to be started and stopped.

Upstream: k8s.io/kubernetes/cmd/kube-controller-manager. There is one manager in the embedded cluster, so no leader
election; stopping a single controller is how a lesson shows what it does.
"""

from collections.abc import Callable, Iterable
from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.client import Client
from k8slab.sim.controllers.attach_detach import AttachDetachController
from k8slab.sim.controllers.base import Controller
from k8slab.sim.controllers.certificate_signing import CertificateSigner, Read, Request, Sign
from k8slab.sim.controllers.cluster_role_aggregation import ClusterRoleAggregationController
from k8slab.sim.controllers.cronjob import CronJobController
from k8slab.sim.controllers.daemonset import DaemonSetController
from k8slab.sim.controllers.deployment import DeploymentController
from k8slab.sim.controllers.disruption import DisruptionController
from k8slab.sim.controllers.endpoints import EndpointsController
from k8slab.sim.controllers.endpointslice import EndpointSliceController
from k8slab.sim.controllers.endpointslice_mirroring import EndpointSliceMirroringController
from k8slab.sim.controllers.ephemeral_volume import EphemeralVolumeController
from k8slab.sim.controllers.garbage_collector import GarbageCollector
from k8slab.sim.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from k8slab.sim.controllers.job import JobController
from k8slab.sim.controllers.namespace import NamespaceController
from k8slab.sim.controllers.node_lifecycle import NodeLifecycleController
from k8slab.sim.controllers.persistent_volume import PersistentVolumeBinder
from k8slab.sim.controllers.pod_gc import PodGarbageCollector
from k8slab.sim.controllers.replicaset import ReplicaSetController
from k8slab.sim.controllers.replication_controller import ReplicationControllerController
from k8slab.sim.controllers.resource_quota import ResourceQuotaController
from k8slab.sim.controllers.root_ca import RootCAPublisher
from k8slab.sim.controllers.serviceaccount import ServiceAccountController
from k8slab.sim.controllers.statefulset import StatefulSetController
from k8slab.sim.controllers.storage_protection import (
    AttributesClassProtectionController,
    ClaimProtectionController,
    VolumeProtectionController,
)
from k8slab.sim.controllers.taint_eviction import TaintEvictionController
from k8slab.sim.controllers.token import TokenController
from k8slab.sim.controllers.ttl_after_finished import TTLAfterFinishedController
from k8slab.sim.exposition import Family, Labels
from k8slab.sim.kernel import Kernel
from k8slab.sim.workqueue import WorkQueue

__all__ = ["MANAGER", "ControllerManager"]

MANAGER = "kube-controller-manager"

_SIMPLE: tuple[type[Controller], ...] = (
    ServiceAccountController,
    DeploymentController,
    ReplicaSetController,
    ReplicationControllerController,
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    ResourceQuotaController,
    ClusterRoleAggregationController,
    JobController,
    CronJobController,
    TTLAfterFinishedController,
    DaemonSetController,
    StatefulSetController,
    DisruptionController,
    PersistentVolumeBinder,
    AttachDetachController,
    EphemeralVolumeController,
    ClaimProtectionController,
    VolumeProtectionController,
    AttributesClassProtectionController,
)


class ControllerManager:
    """All controllers of the cluster.

    Parameters
    ----------
    client_for
        Gives the client of a controller's account in kube-system (``deployment-controller``), and for `MANAGER` that of the
        user ``system:kube-controller-manager``, who may read everything and whose informers all controllers share.
    kernel
        Event loop, clock and chance.
    resources
        Gives every resource that the API serves at the moment.
    ca_pem
        The cluster's CA certificate.
    sign_token
        Called with a ServiceAccount and a Secret; returns a token that does not expire.
    sign_certificate
        Signs certificate requests, see `CertificateSigner`; without it they stay unsigned.
    read_request
        Reads them.
    """

    def __init__(
        self,
        client_for: Callable[[str], Client],
        kernel: Kernel,
        *,
        resources: Callable[[], Iterable[Resource]],
        ca_pem: str,
        sign_token: Callable[[Object, Object], str],
        sign_certificate: Sign | None = None,
        read_request: Read = lambda pem: Request(),
    ) -> None:
        shared = client_for(MANAGER)

        def make(controller: Callable[..., Controller], account: str, **options: Any) -> Controller:
            return controller(client_for(account), kernel, shared, **options)

        controllers = [
            make(NamespaceController, NamespaceController.account, resources=resources),
            make(RootCAPublisher, RootCAPublisher.account, ca_pem=ca_pem),
            make(TokenController, TokenController.account, ca_pem=ca_pem, sign_token=sign_token),
            *(make(controller, controller.account) for controller in _SIMPLE),
            make(HorizontalPodAutoscalerController, HorizontalPodAutoscalerController.account, resources=resources),
            make(GarbageCollector, GarbageCollector.account, resources=resources),
        ]
        if sign_certificate is not None:
            options: dict[str, Any] = {"sign": sign_certificate, "read": read_request}
            controllers.append(make(CertificateSigner, CertificateSigner.account, **options))
        self.controllers = {controller.name: controller for controller in controllers}

    def start(self, name: str = "") -> None:
        """Start one controller, or all."""
        for controller in self._named(name):
            controller.start()

    def stop(self, name: str = "") -> None:
        """Stop one controller, or all; the others go on."""
        for controller in self._named(name):
            controller.stop()

    def metrics(self) -> list[Family]:
        """Return how long the work queues are, and what went through them."""
        queues: dict[Labels, WorkQueue] = {(("name", name),): c.queue for name, c in self.controllers.items()}
        return [
            Family("workqueue_depth", "gauge", "[BETA] Current depth of workqueue", {n: len(q) for n, q in queues.items()}),
            Family(
                "workqueue_adds_total",
                "counter",
                "[BETA] Total number of adds handled by workqueue",
                {n: q.adds for n, q in queues.items()},
            ),
            Family(
                "workqueue_retries_total",
                "counter",
                "[BETA] Total number of retries handled by workqueue",
                {n: q.retries for n, q in queues.items()},
            ),
        ]

    def _named(self, name: str) -> list[Controller]:
        if name and name not in self.controllers:
            known = ", ".join(sorted(self.controllers))
            raise KeyError(f'there is no controller "{name}"; known: {known}')
        return [self.controllers[name]] if name else list(self.controllers.values())
