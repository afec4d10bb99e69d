"""What Ingresses say about a request: pure functions over plain objects.

Real component: ingress-nginx, whose nginx decides by server name first (exact, then a wildcard for one label, then no host) and
then by location: an exact path, or the longest prefix. ``Prefix`` goes by whole elements of the path; ``ImplementationSpecific``
is nginx's own prefix, so that /foo matches /foobar too, or with the annotation ``use-regex`` (or a ``rewrite-target``) a regular
expression. Two Ingresses that say different things about one path: the older one counts.
Upstream: internal/ingress/controller/{controller,location}.go, template/template.go of kubernetes/ingress-nginx.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from k8slab.apimachinery.types import Object, annotations, key_of

__all__ = ["Backend", "Forward", "Location", "Page", "Redirect", "Site", "build", "decide", "find_site"]

_PREFIX = "nginx.ingress.kubernetes.io/"


class Backend(NamedTuple):
    """A port (name or number) of a Service, and the Ingress that names it."""

    namespace: str
    service: str
    port: str | int
    ingress: str


class Location(NamedTuple):
    """A path of a site."""

    path: str
    kind: str  #: Exact, Prefix, ImplementationSpecific, or regex
    backend: Backend
    rewrite: str = ""
    ssl_redirect: bool = True
    force_ssl: bool = False

    def matches(self, path: str) -> bool:
        """Whether a request's path is this one's."""
        if self.kind == "Exact":
            return path == self.path
        if self.kind == "regex":
            return re.match(self.path, path, re.IGNORECASE) is not None
        if self.kind == "ImplementationSpecific":
            return path.startswith(self.path)
        base = self.path.rstrip("/")
        return path == base or path.startswith(f"{base}/")


@dataclass
class Site:
    """What is known about a host: locations in the order in which they are tried, a default backend, the TLS Secret's key."""

    locations: list[Location] = field(default_factory=list)
    default: Backend | None = None
    tls: str | None = None


class Forward(NamedTuple):
    """Hand the request to a backend, with this path."""

    backend: Backend
    path: str


class Redirect(NamedTuple):
    """Send the client to HTTPS."""

    location: str


class Page(NamedTuple):
    """Answer with an error page."""

    status: int


def build(ingresses: Iterable[Object]) -> dict[str, Site]:
    """Return what Ingresses say, by host; "" is for requests to any other host."""
    sites: dict[str, Site] = {"": Site()}
    for ingress in sorted(ingresses, key=lambda i: (i["metadata"].get("creationTimestamp") or "", key_of(i))):
        spec, default = ingress.get("spec") or {}, None
        if spec.get("defaultBackend", {}).get("service"):
            default = _backend(ingress, spec["defaultBackend"]["service"])
        rules = spec.get("rules") or ()
        if default is not None and not rules:
            sites[""].default = sites[""].default or default
        for rule in rules:
            _add_rule(sites.setdefault(rule.get("host") or "", Site()), ingress, rule, default)
    for site in sites.values():
        site.locations.sort(key=lambda p: (p.kind != "Exact", -len(p.path)))
    return sites


def _add_rule(site: Site, ingress: Object, rule: Object, default: Backend | None) -> None:
    site.default = site.default or default
    host = rule.get("host") or ""
    for entry in ingress["spec"].get("tls") or ():
        hosts = entry.get("hosts") or []
        if site.tls is None and host and (host in hosts or not hosts):
            site.tls = f"{ingress['metadata']['namespace']}/{entry.get('secretName') or ''}"
    known = {(p.path, p.kind) for p in site.locations}
    for path in (rule.get("http") or {}).get("paths") or ():
        location = _location(ingress, path)
        if location is not None and (location.path, location.kind) not in known:
            site.locations.append(location)


def _location(ingress: Object, path: Object) -> Location | None:
    if "service" not in path["backend"]:
        return None  # a resource backend, which ingress-nginx does not know
    marks, kind, text = annotations(ingress), path.get("pathType", "ImplementationSpecific"), path.get("path") or "/"
    rewrite = marks.get(f"{_PREFIX}rewrite-target", "")
    regex = marks.get(f"{_PREFIX}use-regex") == "true" or bool(rewrite)
    if regex and kind != "Exact" and _compiles(text):
        kind = "regex"
    return Location(
        text, kind, _backend(ingress, path["backend"]["service"]), rewrite,
        marks.get(f"{_PREFIX}ssl-redirect") != "false", marks.get(f"{_PREFIX}force-ssl-redirect") == "true",
    )  # fmt: skip


def _compiles(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _backend(ingress: Object, service: Object) -> Backend:
    port = service.get("port") or {}
    return Backend(
        ingress["metadata"]["namespace"], service["name"], port.get("name") or port.get("number") or 0, key_of(ingress)
    )


def find_site(sites: dict[str, Site], host: str) -> tuple[str, Site]:
    """Return the site of a host: its own, a wildcard's (for one label), or the one for all others.

    >>> sites = {"": Site(), "*.shop.test": Site(tls="x/y")}
    >>> find_site(sites, "a.shop.test")[0], find_site(sites, "a.b.shop.test")[0]
    ('*.shop.test', '')
    """
    name = host.lower().rstrip(".")
    wildcard = f"*.{name.partition('.')[2]}"
    found = next((candidate for candidate in (name, wildcard) if candidate in sites), "")
    return found, sites[found]


def decide(
    sites: dict[str, Site], scheme: str, host: str, path: str, query: str = "", https_port: str = ""
) -> Forward | Redirect | Page:
    """Say what becomes of a request; a redirect names the HTTPS port if it is not the usual one.

    >>> decide({"": Site()}, "http", "nobody.test", "/")
    Page(status=404)
    """
    _, site = find_site(sites, host)
    location = next((p for p in site.locations if p.matches(path)), None)
    redirects = location is None or location.ssl_redirect
    if scheme == "http" and ((site.tls is not None and redirects) or (location is not None and location.force_ssl)):
        return Redirect(f"https://{host}{f':{https_port}' if https_port else ''}{path}{f'?{query}' if query else ''}")
    if location is not None:
        return Forward(location.backend, _rewritten(location, path))
    return Forward(site.default, path) if site.default is not None else Page(404)


def _rewritten(location: Location, path: str) -> str:
    if not location.rewrite:
        return path
    found = re.match(location.path, path, re.IGNORECASE) if location.kind == "regex" else None
    groups = found.groups() if found else ()
    text = re.sub(r"\$(\d)", lambda m: (groups[int(m[1]) - 1] or "") if int(m[1]) <= len(groups) else "", location.rewrite)
    return text if text.startswith("/") else f"/{text}"
