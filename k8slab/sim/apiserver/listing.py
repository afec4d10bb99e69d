"""Lists: selectors, pages, revisions.

Upstream: k8s.io/apiserver/pkg/registry/generic/registry/store.go (ListPredicate) and pkg/storage/continue.go.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass

from k8slab.apimachinery.fields import FieldSelector, matches_fields, parse_field_selector, stored_fields, supported_fields
from k8slab.apimachinery.labels import Selector, matches, parse_selector
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError, bad_request, gone
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.etcd import Compacted, Entry, Store

__all__ = ["EVERYTHING", "ListOptions", "Page", "Selection", "list_page", "selection"]


@dataclass(frozen=True)
class Selection:
    """Label and field selector of a list or watch."""

    labels: Selector = ()
    fields: FieldSelector = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.labels and not self.fields

    def admits(self, obj: Object) -> bool:
        """Whether an object is selected."""
        if self.labels and not matches(self.labels, obj["metadata"].get("labels") or {}):
            return False
        return not self.fields or matches_fields(self.fields, obj)


#: No selector at all.
EVERYTHING = Selection()


@dataclass(frozen=True)
class ListOptions:
    """The query of a list."""

    selection: Selection = EVERYTHING
    limit: int = 0
    continue_: str = ""
    resource_version: str = ""
    resource_version_match: str = ""


@dataclass(frozen=True)
class Page:
    """Entries and what the list's metadata says of them."""

    entries: list[Entry]
    revision: int
    continue_: str = ""
    remaining: int | None = None

    def metadata(self) -> Object:
        """Return metav1.ListMeta."""
        meta: Object = {"resourceVersion": str(self.revision)}
        if self.continue_:
            meta["continue"] = self.continue_
            if self.remaining is not None:
                meta["remainingItemCount"] = self.remaining
        return meta


def selection(resource: Resource, label_selector: str, field_selector: str) -> Selection:
    """Parse the selectors of a request; 400 with upstream's wording if they make no sense."""
    try:
        labels = parse_selector(label_selector)
        fields = parse_field_selector(field_selector)
    except ValueError as error:
        raise bad_request(str(error)) from error
    known = supported_fields(resource.full_name) + resource.selectable
    for path, _, _ in fields:
        if path not in known:
            own = len(known) > 2 or resource.printer_columns is not None
            other = f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            raise bad_request(f"field label not supported: {path}" if own else other)
    return Selection(labels, stored_fields(resource.full_name, fields))


def list_page(store: Store, resource: Resource, namespace: str, options: ListOptions) -> Page:
    """Return one page of a list."""
    prefix, start = resource.storage_prefix, f"{namespace}/" if namespace else ""
    revision, after = _position(store, options)
    # Lists at "any" revision come from the watch cache, which gives everything at once.
    limit = 0 if options.resource_version == "0" and not options.continue_ else options.limit
    candidates = _entries(store, prefix, start, revision, after)
    selected = (e for e in candidates if options.selection.admits(e.value))
    if not limit:
        return Page(list(selected), revision)
    entries: list[Entry] = []
    for entry in selected:
        if len(entries) == limit:
            left = 1 + sum(1 for _ in selected) if options.selection.everything else None
            return Page(entries, revision, _token(revision, entries[-1].name), left)
        entries.append(entry)
    return Page(entries, revision)


def _position(store: Store, options: ListOptions) -> tuple[int, str]:
    if options.continue_:
        if options.resource_version not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        revision, after = _parse_token(options.continue_)
        return (store.revision if revision == _INCONSISTENT else revision), after
    wanted = _revision(options.resource_version)
    if wanted > store.revision:
        raise StatusError(
            504,
            "Timeout",
            f"Too large resource version: {wanted}, current: {store.revision}",
            {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1},
        )
    exact = options.resource_version_match == "Exact"
    return (wanted if exact else store.revision), ""


def _revision(text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        raise bad_request(f'invalid resource version: strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text or 0)


def _entries(store: Store, prefix: str, start: str, revision: int, after: str) -> Iterable[Entry]:
    if revision >= store.revision:
        return store.range(prefix, start, after)
    try:
        return (e for e in store.range_at(prefix, revision) if e.name.startswith(start) and e.name > after)
    except Compacted as error:
        if not after:
            raise gone("The resourceVersion for the provided list is too old.") from error
        raise gone(_TOO_OLD, continue_=_token(_INCONSISTENT, after)) from error


#: Revision in a token that goes on with the list as it is now.
_INCONSISTENT = -1
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
    "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with "
    "the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


def _token(revision: int, name: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": name + "\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse_token(token: str) -> tuple[int, str]:
    try:
        fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(fields["rv"]), str(fields["start"]).rstrip("\0")
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {_why(token)}") from error


def _why(token: str) -> str:
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if set(token) <= _ALPHABET else b""
    first = raw[:1].decode("latin-1")
    if not first:
        return "unexpected end of JSON input"
    shown = first if first.isprintable() else f"\\u{ord(first):04x}"
    return f"invalid character '{shown}' looking for beginning of value"


_ALPHABET = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
