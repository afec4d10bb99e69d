"""Builds whole documents: the paths of some resources and the schemas that these name.

Upstream: k8s.io/kube-openapi/pkg/builder3.
"""

from collections.abc import Sequence

import orjson

from k8slab.apimachinery.types import Object
from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.openapi.operations import paths_of, roots_of
from k8slab.sim.apiserver.openapi.schemas import DefinitionNames, closure, custom_definitions
from k8slab.sim.apiserver.openapi.swagger import swagger
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.apiserver.schema import definitions

__all__ = ["build_v2", "build_v3"]

_INFO = {"title": "Kubernetes", "version": GIT_VERSION}
_BEARER = {"type": "apiKey", "in": "header", "name": "authorization", "description": "Bearer Token authentication"}


def build_v3(resources: Sequence[Resource]) -> bytes:
    """Return the OpenAPI v3 document of the resources of a group version."""
    paths, schemas = _parts(resources)
    components = {"schemas": schemas, "securitySchemes": {"BearerToken": _BEARER}}
    return orjson.dumps({"openapi": "3.0.0", "info": _INFO, "paths": paths, "components": components})


def build_v2(resources: Sequence[Resource]) -> bytes:
    """Return the Swagger document of all resources."""
    paths, schemas = _parts(resources)
    return orjson.dumps(swagger(_INFO, paths, schemas))


def _parts(resources: Sequence[Resource]) -> tuple[Object, Object]:
    known = definitions()
    names = DefinitionNames(known)
    for resource in resources:
        if not names.published(resource.group, resource.version, resource.kind):
            known |= custom_definitions(resource)
    paths = dict(sorted(item for resource in resources for item in paths_of(resource, names)))
    return paths, closure(known, {name for resource in resources for name in roots_of(resource, names)})
