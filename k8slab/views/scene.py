"""A scene: what a view shows, as plain data, and the difference between two of them.

The same scene is drawn by vis-network in the browser, written as an SVG picture and exported through pyvis. It is made
in Python, by pure functions of a topology graph, with every position fixed: nothing in the browser moves things about.

A scene has ``title``, ``alt`` (one sentence), ``width`` and ``height``, ``states`` (which looks a legend explains) and
``items`` and ``links`` by id. An item has ``type``:

- ``box``: a frame with a heading (a cluster node); ``x y w h`` (centre and size), ``label``, ``sub``, ``dashed``
- ``mark``: a pod as a shape; ``x y r``, ``label``, ``state``
- ``part``: a rounded card (a component, an owner); ``x y w h``, ``label``, ``sub``, ``state``

and ``facts``, a list of [name, value] that a click shows. A link has ``from``, ``to``, ``label``.

Tables have ``columns`` and ``rows`` instead, panels ``blocks`` (`k8slab.views.panel`). Any scene may have ``banner`` (a warning)
and ``past`` (when it shows an earlier state: which).
"""

from typing import Any

__all__ = ["Scene", "difference"]

Scene = dict[str, Any]

_KEYED = ("items", "links", "rows", "blocks")


def difference(old: Scene, new: Scene) -> Scene:
    """Return what changes one scene into another: ``set`` (plain fields), ``put`` and ``drop`` (keyed ones).

    >>> difference({"alt": "one", "items": {"a": 1, "b": 2}}, {"alt": "one", "items": {"b": 3}})
    {'put': {'items': {'b': 3}}, 'drop': {'items': ['a']}}
    """
    delta: Scene = {}
    plain = {k: v for k, v in new.items() if k not in _KEYED and old.get(k) != v}
    if plain:
        delta["set"] = plain
    for field in _KEYED:
        before, after = old.get(field) or {}, new.get(field) or {}
        put = {k: v for k, v in after.items() if before.get(k) != v}
        drop = [k for k in before if k not in after]
        if put:
            delta.setdefault("put", {})[field] = put
        if drop:
            delta.setdefault("drop", {})[field] = drop
    return delta
