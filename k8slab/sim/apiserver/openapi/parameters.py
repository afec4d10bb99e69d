"""Parameters of requests, as OpenAPI v3 describes them.

Upstream: the option types of k8s.io/apimachinery/pkg/apis/meta/v1 and of pkg/apis/core (PodExecOptions ...). kubectl reads
from here whether a kind knows ``fieldValidation`` and ``dryRun``. The sentences are our own.
"""

from k8slab.apimachinery.types import Object

__all__ = ["CHANGE", "CONNECT", "DELETE", "LIST", "NAME", "NAMESPACE", "PATCH", "PATH", "PRETTY"]


def _query(name: str, description: str, type: str = "string") -> Object:
    return {"name": name, "in": "query", "description": description, "schema": {"type": type, "uniqueItems": True}}


def _path(name: str, description: str) -> Object:
    schema = {"type": "string", "uniqueItems": True}
    return {"name": name, "in": "path", "description": description, "required": True, "schema": schema}


NAME = "name of the {kind}"
NAMESPACE = _path("namespace", "object name and auth scope, such as for teams and projects")
PATH = _path("path", "path to the resource")
PRETTY = _query("pretty", "If 'true', the answer is indented.")

_DRY_RUN = _query("dryRun", "If 'All', the request goes through all its stages, but nothing is stored.")
_MANAGER = _query("fieldManager", "Who makes the change: the name under which metadata.managedFields records it.")
_VALIDATION = _query(
    "fieldValidation",
    "What to do with unknown and duplicate fields of the body: 'Ignore' drops them, 'Warn' drops them and answers with a "
    "warning (the default), 'Strict' refuses the request.",
)
_FORCE = _query("force", "Of an apply: take over fields that other managers own.", "boolean")
_CONTINUE = _query("continue", "Continues a list where the previous page ended.")
_FIELDS = _query("fieldSelector", "Restricts the objects by their fields.")
_LABELS = _query("labelSelector", "Restricts the objects by their labels.")
_LIMIT = _query("limit", "The largest number of objects in one page.", "integer")
_REVISION = _query("resourceVersion", "The revision from which on, or at which, the answer is to be made.")
_REVISION_MATCH = _query("resourceVersionMatch", "How resourceVersion is applied: 'Exact' or 'NotOlderThan'.")
_INITIAL = _query("sendInitialEvents", "Of a watch: begin with the objects there are, then send a bookmark.", "boolean")
_SHARD = _query("shardSelector", "Restricts the objects to a part of them.")
_TIMEOUT = _query("timeoutSeconds", "Ends a list or watch after this time, whatever happens.", "integer")
_WATCH = _query("watch", "Send changes as they happen instead of a list.", "boolean")
_BOOKMARKS = _query("allowWatchBookmarks", "Of a watch: send bookmarks, which carry the revision reached.", "boolean")
_GRACE = _query("gracePeriodSeconds", "Seconds until the object is removed; 0 removes it at once.", "integer")
_ORPHAN = _query("orphanDependents", "Deprecated: use propagationPolicy.", "boolean")
_PROPAGATION = _query("propagationPolicy", "What becomes of dependents: 'Orphan', 'Background' or 'Foreground'.")
_UNSAFE = _query("ignoreStoreReadErrorWithClusterBreakingPotential", "Delete although what is stored cannot be read.", "boolean")

CHANGE = [_DRY_RUN, _MANAGER, _VALIDATION]
PATCH = [_DRY_RUN, _MANAGER, _VALIDATION, _FORCE]
DELETE = [_DRY_RUN, _GRACE, _UNSAFE, _ORPHAN, _PROPAGATION]
LIST = [_BOOKMARKS, _CONTINUE, _FIELDS, _LABELS, _LIMIT, _REVISION, _REVISION_MATCH, _INITIAL, _SHARD, _TIMEOUT, _WATCH]

_CONTAINER = _query("container", "The container; may be left out if the pod has one only.")
_STREAMS = [
    _query("stderr", "Whether the standard error stream is wanted.", "boolean"),
    _query("stdin", "Whether a standard input stream is sent.", "boolean"),
    _query("stdout", "Whether the standard output stream is wanted.", "boolean"),
    _query("tty", "Whether a terminal is allocated.", "boolean"),
]
_PROXY = [_query("path", "Path to send to the target.")]

#: Parameters of the subresources that are connected to, by "plural/subresource".
CONNECT = {
    "pods/attach": [_CONTAINER, *_STREAMS],
    "pods/exec": [_query("command", "The command and its arguments, one parameter each."), _CONTAINER, *_STREAMS],
    "pods/portforward": [_query("ports", "The ports to forward to.", "integer")],
    "pods/proxy": _PROXY,
    "services/proxy": _PROXY,
    "nodes/proxy": _PROXY,
    "pods/log": [
        _CONTAINER,
        _query("follow", "Keep sending what is written.", "boolean"),
        _query("insecureSkipTLSVerifyBackend", "Trust the kubelet whatever its certificate says.", "boolean"),
        _query("limitBytes", "Stop after this many bytes.", "integer"),
        PRETTY,
        _query("previous", "The log of the container's previous run.", "boolean"),
        _query("sinceSeconds", "Only what was written in the last seconds.", "integer"),
        _query("stream", "Which stream: 'All', 'Stdout' or 'Stderr'."),
        _query("tailLines", "Only the last lines.", "integer"),
        _query("timestamps", "Begin each line with its time.", "boolean"),
    ],
}
