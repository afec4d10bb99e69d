"""All areas: the name of the file, and its situations."""

from tests.explain.produce import access, cluster, network, pods, scheduling, workloads

AREAS = {
    "images": pods.IMAGES,
    "configuration": pods.CONFIGURATION,
    "crashes": pods.CRASHES,
    "readiness": pods.READINESS,
    "endings": pods.ENDINGS,
    "starting": pods.STARTING,
    "healthy": pods.HEALTHY,
    "scheduling": scheduling.SCHEDULING,
    "storage": scheduling.STORAGE,
    "services": network.SERVICES,
    "traffic": network.TRAFFIC,
    "ingresses": network.INGRESSES,
    "access": access.ACCESS,
    "creation": workloads.CREATION,
    "workloads": workloads.WORKLOADS,
    "nodes": cluster.NODES,
    "drains": cluster.DRAINS,
    "namespaces": cluster.NAMESPACES,
    "certificates": cluster.CERTIFICATES,
    "autoscaling": workloads.AUTOSCALING,
}
