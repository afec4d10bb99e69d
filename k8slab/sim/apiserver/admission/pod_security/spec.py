"""Looking into a pod's spec, and wording what is found there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from k8slab.apimachinery.types import Object

__all__ = [
    "Check",
    "Violation",
    "bad",
    "containers",
    "context",
    "extra_capabilities",
    "named",
    "offenders",
    "quoted",
    "unconfined",
]


class Violation(NamedTuple):
    """Why a pod does not meet a level: ``allowPrivilegeEscalation != false`` (``container "c" must set ...``)."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Object, Object], Violation | None]  #: of metadata and spec


def containers(spec: Object) -> Iterator[Object]:
    """Yield every container, those that run first first."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(key) or ()


def context(holder: Object) -> Object:
    """Return the securityContext of a pod or container."""
    return holder.get("securityContext") or {}


def quoted(values: Iterable[Any]) -> str:
    """Return values in quotes, separated by commas."""
    return ", ".join(f'"{value}"' for value in values)


def named(names: Sequence[str]) -> str:
    """Return ``container "a"`` or ``containers "a", "b"``."""
    return f"{'container' if len(names) == 1 else 'containers'} {quoted(names)}"


def bad(spec: Object, test: Callable[[Object], bool]) -> list[str]:
    """Return the names of the containers that fail a test."""
    return [container["name"] for container in containers(spec) if test(container)]


def offenders(spec: Object, test: Callable[[Object], bool]) -> str:
    """Return who sets something bad: ``pod and container "c"``; "" if nobody."""
    names = bad(spec, lambda container: test(context(container)))
    return " and ".join((["pod"] if test(context(spec)) else []) + ([named(names)] if names else []))


def extra_capabilities(spec: Object, allowed: frozenset[str]) -> str:
    """Return which containers add more capabilities than allowed; "" if none."""
    names, added = [], set()
    for container in containers(spec):
        extra = set((context(container).get("capabilities") or {}).get("add") or ()) - allowed
        if extra:
            names.append(container["name"])
            added |= extra
    return f"{named(names)} must not include {quoted(sorted(added))} in securityContext.capabilities.add" if names else ""


def unconfined(spec: Object) -> str:
    """Return who switches seccomp off; "" if nobody."""
    setters = offenders(spec, lambda context: (context.get("seccompProfile") or {}).get("type") == "Unconfined")
    return f'{setters} must not set securityContext.seccompProfile.type to "Unconfined"' if setters else ""
