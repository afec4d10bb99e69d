"""Admission: what happens to a request between being allowed and being stored.

Upstream: k8s.io/apiserver/pkg/admission and plugin/pkg/admission. The plugins are those that kube-apiserver enables by
default, and NodeRestriction, which kubeadm adds. Webhooks and admission policies take their place before ResourceQuota.
"""

from k8slab.sim.apiserver.admission.chain import Chain
from k8slab.sim.apiserver.admission.classes import CertificateApproval, CertificateSubjectRestriction, DefaultIngressClass
from k8slab.sim.apiserver.admission.limit_ranger import LimitRanger
from k8slab.sim.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from k8slab.sim.apiserver.admission.nodes import NodeRestriction, TaintNodesByCondition
from k8slab.sim.apiserver.admission.pod_security import PodSecurity
from k8slab.sim.apiserver.admission.pods import DefaultTolerationSeconds, Priority, RuntimeClass
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.apiserver.admission.resource_quota import ResourceQuota
from k8slab.sim.apiserver.admission.service_account import ServiceAccount
from k8slab.sim.apiserver.admission.storage import (
    DefaultStorageClass,
    PersistentVolumeClaimResize,
    StorageObjectInUseProtection,
)
from k8slab.sim.apiserver.authorization import Authorizer
from k8slab.sim.client import Client
from k8slab.sim.kernel import Kernel

__all__ = ["AdmissionRequest", "Chain", "Plugin", "default_plugins"]


def default_plugins(client: Client, kernel: Kernel, authorizer: Authorizer) -> list[Plugin]:
    """Return the default plugins, in upstream's order.

    Parameters
    ----------
    client
        The API server's own client (user ``system:apiserver``): plugins read its informers, quota writes with it.
    kernel
        Clock and source of names.
    authorizer
        For the plugins that ask about verbs beyond the request's.
    """
    return [
        NamespaceLifecycle(client),
        LimitRanger(client),
        ServiceAccount(client, kernel),
        NodeRestriction(client),
        TaintNodesByCondition(),
        PodSecurity(client),
        Priority(client),
        DefaultTolerationSeconds(),
        DefaultStorageClass(client),
        StorageObjectInUseProtection(),
        PersistentVolumeClaimResize(client),
        RuntimeClass(client),
        CertificateApproval(authorizer),
        CertificateSubjectRestriction(),
        DefaultIngressClass(client),
        ResourceQuota(client, kernel),
    ]
