"""A handle on one cluster: the official client, made short enough for a notebook cell.

Everything goes through `kubernetes.client.ApiClient` and a kubeconfig, so it works on any cluster. Objects come back as
plain dictionaries, as they are in YAML. The typed API of the official client is one attribute away (`core`, `apps`).
"""

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

import orjson
import urllib3
from kubernetes import client, config
from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigLoader, KubeConfigMerger

from k8slab.apimachinery.types import Object
from k8slab.client.clock import Clock
from k8slab.client.errors import api_errors, sentence
from k8slab.client.history import History
from k8slab.client.mirror import Mirror
from k8slab.client.resources import AGGREGATED, Resource, Resources, resources_of
from k8slab.errors import K8slabError

__all__ = ["ALL", "Cluster", "connect", "subject_name"]

#: As a namespace: all of them.
ALL = ""

Objects = list[Object]
_Found = list[Resource]

_TIMEOUT = (5, 60)  # seconds to connect, seconds to answer


class Cluster:
    """One cluster as one user sees it, with a default namespace."""

    def __init__(self, api: client.ApiClient, *, namespace: str = "default", kubeconfig: str = "", context: str = "") -> None:
        self.api = api
        self.namespace = namespace
        self.kubeconfig = kubeconfig
        self.context = context
        self.resources = Resources(self._discover)
        self.clock = Clock(self.request)
        self.history = History()
        self.subject = ""
        self.groups: tuple[str, ...] = ()
        self._mirrors: dict[tuple[str, str], Mirror] = {}

    def __repr__(self) -> str:
        """Name the cluster by its address, and whom it acts for if that is somebody else."""
        acting = f", as {self.subject!r}" if self.subject else ""
        return f"Cluster({self.host!r}, namespace={self.namespace!r}{acting})"

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self.api.configuration.host)

    @cached_property
    def core(self) -> client.CoreV1Api:
        """The official client's typed API of the core group: ``cluster.core.list_node()``."""
        return client.CoreV1Api(self.api)

    @cached_property
    def apps(self) -> client.AppsV1Api:
        """The official client's typed API of the group ``apps``."""
        return client.AppsV1Api(self.api)

    def open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float | None] = _TIMEOUT,
    ) -> Any:
        """Send a request and return urllib3's response, not yet read, whatever its status."""
        all_headers: Any = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        with api_errors(self.host):
            verb, url, sent, content, form = self.api.param_serialize(
                method, path, query_params=[*(query or {}).items()], header_params=all_headers, body=body,
                auth_settings=["BearerToken"],
            )  # fmt: skip
            return self.api.call_api(verb, url, self._impersonating(sent), content, form, _request_timeout=timeout).response

    def _impersonating(self, headers: dict[str, str]) -> Any:
        """Return the headers with those of impersonation; several groups are several headers of one name."""
        if not self.subject:
            return headers
        more = urllib3.HTTPHeaderDict({**headers, "Impersonate-User": self.subject})
        for group in self.groups:
            more.add("Impersonate-Group", group)
        return more

    def as_(self, subject: str, groups: Iterable[str] = ()) -> "Cluster":
        """Return the same cluster as somebody else sees it (impersonation, as ``kubectl --as``).

        Parameters
        ----------
        subject
            A user's name, or ``serviceaccount/web`` (``sa/web``, ``sa/chat/web``) for a ServiceAccount.
        groups
            Groups besides; a ServiceAccount has those of its namespace by itself.

        Examples
        --------
        >>> Cluster(client.ApiClient(), namespace="chat").as_("sa/web").subject
        'system:serviceaccount:chat:web'
        """
        other = Cluster(self.api, namespace=self.namespace, kubeconfig=self.kubeconfig, context=self.context)
        other.subject, other.groups = subject_name(subject, self.namespace), tuple(groups)
        return other

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and return the answer: a dictionary if it is JSON, else text.

        Raises
        ------
        ApiException
            If the API server refuses; its ``body`` is a Status object.
        """
        response = self.open(method, path, query, body, headers)
        with api_errors(self.host):
            data = response.data
        if response.status >= 400:
            raise client.ApiException(response.status, response.reason, body=data.decode())
        return orjson.loads(data) if "json" in response.headers.get("Content-Type", "") else data.decode()

    def resource(self, name: str) -> Resource:
        """Return what the cluster calls ``pods``, ``po``, ``Deployment`` …"""
        return self.resources.named(name)

    def knows(self, name: str) -> bool:
        """Whether the cluster has a resource that kubectl would understand under this name."""
        try:
            self.resource(name)
        except K8slabError:
            return False
        return True

    def get(self, resource: str, name: str, namespace: str | None = None) -> Object:
        """Return one object."""
        found: Object = self.request("GET", self._path(self.resource(resource), namespace, name))
        return found

    def find(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        """Return one object, or None if there is none of that name."""
        try:
            return self.get(resource, name, namespace)
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise

    def list(self, resource: str, namespace: str | None = None, *, label_selector: str = "", field_selector: str = "") -> Objects:
        """Return the objects of a namespace (None: the default one, `ALL`: of all), each with its kind."""
        return self.snapshot(resource, namespace, label_selector=label_selector, field_selector=field_selector)[0]

    def snapshot(
        self, resource: str, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> tuple[Objects, int]:
        """Return what `list` returns, and the revision of the cluster at which it was so."""
        known = self.resource(resource)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        answer = self.request("GET", self._path(known, namespace), {k: v for k, v in query.items() if v})
        objects = [{"apiVersion": known.api_version, "kind": known.kind, **item} for item in answer["items"]]
        return objects, int(answer["metadata"].get("resourceVersion") or 0)

    def delete(self, resource: str, name: str, namespace: str | None = None, *, grace_period: int | None = None) -> None:
        """Delete one object; it is no error if there is none."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        options = body if grace_period is None else {**body, "gracePeriodSeconds": grace_period}
        try:
            self.request("DELETE", self._path(self.resource(resource), namespace, name), body=options)
        except client.ApiException as error:
            if error.status != 404:
                raise

    def patch(
        self,
        resource: str,
        name: str,
        patch: Object,
        namespace: str | None = None,
        *,
        kind: Literal["merge", "strategic"] = "merge",
        manager: str = "",
    ) -> Object:
        """Patch one object (strategic: lists by their keys) and return it; ``manager`` owns what has changed."""
        media = "application/merge-patch+json" if kind == "merge" else "application/strategic-merge-patch+json"
        path = self._path(self.resource(resource), namespace, name)
        query = {"fieldManager": manager} if manager else None
        changed: Object = self.request("PATCH", path, query, patch, {"Content-Type": media})
        return changed

    def mirror(self, resource: str, namespace: str = ALL) -> Mirror:
        """Return the one shared watch of a resource; every view of it listens to the same one."""
        known = self.resource(resource)
        key = (known.full_name, namespace)
        found = self._mirrors.get(key)
        if found is None:  # of two threads that come at once, the first one's is the one
            found = self._mirrors.setdefault(key, Mirror(self.open, known, namespace, self.history))
        return found

    def close(self) -> None:
        """End all watches and connections."""
        for mirror in list(self._mirrors.values()):
            mirror.stop()
        self._mirrors.clear()
        self.api.close()

    def _path(self, resource: Resource, namespace: str | None, name: str = "") -> str:
        return resource.path(self.namespace if namespace is None else namespace, name)

    def _discover(self) -> _Found:
        headers = {"Accept": AGGREGATED}
        return [r for root in ("/api", "/apis") for r in resources_of(self.request("GET", root, headers=headers))]


def subject_name(subject: str, namespace: str) -> str:
    """Return a user's name; of ``sa/web`` that of the ServiceAccount in the namespace.

    >>> subject_name("zoe", "chat"), subject_name("sa/ops/bot", "chat")
    ('zoe', 'system:serviceaccount:ops:bot')
    """
    kind, _, rest = subject.partition("/")
    if not rest or kind.lower() not in ("sa", "serviceaccount", "serviceaccounts"):
        return subject
    where, _, name = rest.rpartition("/")
    return f"system:serviceaccount:{where or namespace}:{name}"


def connect(context: str | None = None, kubeconfig: str | os.PathLike[str] | None = None) -> Cluster:
    """Connect to the cluster of a kubeconfig file (default: KUBECONFIG, then ~/.kube/config) and one of its contexts.

    Raises
    ------
    K8slabError
        If there is no such file or context.
    """
    path = os.fspath(kubeconfig) if kubeconfig else None
    try:
        api = config.new_client_from_config(config_file=path, context=context)
        merged = KubeConfigMerger(path or KUBE_CONFIG_DEFAULT_LOCATION).config  # it need not have a current-context
        chosen = KubeConfigLoader(merged, active_context=context).current_context
    except config.ConfigException as error:
        where = path or os.environ.get("KUBECONFIG") or "~/.kube/config"
        raise K8slabError(f"No usable cluster in {where!r}: {sentence(error)} `k8slab up` starts one.") from error
    return Cluster(
        api,
        namespace=chosen["context"].get("namespace") or "default",
        kubeconfig=path or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config"),
        context=chosen["name"],
    )
