"""One request on its way to the store, as admission plugins see it, and what a plugin is.

Upstream: k8s.io/apiserver/pkg/admission (Attributes, Interface).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.errors import StatusError, forbidden
from k8slab.sim.apiserver.resources import Resource

__all__ = ["AdmissionRequest", "Operation", "Plugin"]

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


@dataclass(slots=True)
class AdmissionRequest:
    """A request.

    Parameters
    ----------
    user, operation, resource, subresource, namespace, name
        Who wants what; the name is "" while it is still to be generated.
    object
        The new object, a private copy that plugins may change; None for a deletion.
    old_object
        The stored object, None for a creation.
    dry_run
        Nothing may be written besides.
    options
        DeleteOptions and the like.
    """

    user: UserInfo
    operation: str
    resource: Resource
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    object: Object | None = None
    old_object: Object | None = None
    dry_run: bool = False
    options: Any = None
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)  #: for the audit log

    @property
    def new(self) -> Object:
        """The new object where there must be one."""
        assert self.object is not None
        return self.object

    @property
    def old(self) -> Object:
        """The stored object where there must be one."""
        assert self.old_object is not None
        return self.old_object

    def forbidden(self, message: str) -> StatusError:
        """Return the 403 with which a plugin refuses."""
        meta = (self.object or {}).get("metadata", {})
        name = self.name or meta.get("name") or meta.get("generateName") or "Unknown!"
        return forbidden(self.resource.group, self.resource.plural, name, message)


class Plugin:
    """An admission plugin: says what it handles, and overrides `admit` (may change the object) or `validate` (may not)."""

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """Whether the plugin wants to see requests of this kind; asked once per kind of request."""
        raise NotImplementedError

    def admit(self, request: AdmissionRequest) -> None:
        """Complete or change ``request.object``, or raise."""

    def validate(self, request: AdmissionRequest) -> None:
        """Raise if the request must not go through."""
