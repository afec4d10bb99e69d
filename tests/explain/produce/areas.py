"""All areas: the name of the file, and its situations."""

from tests.explain.produce import pods, scheduling

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
}
