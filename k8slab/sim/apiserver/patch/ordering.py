"""In which order the items of a merged list stand: as the patch has them, what only the server knows in between.

Upstream: normalizeElementOrder and mergeSortedSlice in k8s.io/apimachinery/pkg/util/strategicpatch/patch.go.
"""

from typing import Any

__all__ = ["identity", "ordered"]


def identity(item: Any, merge_key: str) -> Any:
    """What tells an item from others: the value of its merge key, or the item itself."""
    return item.get(merge_key) if merge_key and isinstance(item, dict) else item


def ordered(merged: list[Any], order: list[Any], server_order: list[Any], merge_key: str) -> list[Any]:
    """Return the merged items in an order, with the items it does not name at their place in the server's order.

    >>> ordered(["a", "b", "c"], ["c", "a"], ["a", "b"], "")
    ['c', 'a', 'b']
    """
    wanted = [identity(item, merge_key) for item in order]
    served = [identity(item, merge_key) for item in server_order]
    named = sorted((m for m in merged if identity(m, merge_key) in wanted), key=lambda m: wanted.index(identity(m, merge_key)))
    others = [m for m in merged if identity(m, merge_key) not in wanted]
    others.sort(key=lambda m: _place(served, identity(m, merge_key)))
    out: list[Any] = []
    while named and others:
        left, right = _place(served, identity(others[0], merge_key)), _place(served, identity(named[0], merge_key))
        out.append(others.pop(0) if left < right < len(served) else named.pop(0))
    return out + others + named


def _place(served: list[Any], item: Any) -> int:
    return served.index(item) if item in served else len(served)
