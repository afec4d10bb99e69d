"""A scene: what a view shows, as plain data, and the difference between two of them.

The same scene is drawn on a canvas in the browser, written as an SVG picture and exported through pyvis. It is made
in Python, by pure functions of a topology graph, with every position fixed: nothing in the browser moves things about.

A scene has ``title``, ``alt`` (one sentence), ``width`` and ``height``, ``states`` (which looks a legend explains), perhaps
``curved`` (lines run between columns), and ``items`` and ``links`` by id. An item has ``type``:

- ``frame``: a zone around boxes; ``x y w h`` (centre and size), ``label``
- ``box``: a node; ``x y w h``, ``label``, ``sub``, ``dashed``, ``tight`` (its pods stand close together)
- ``mark``: a pod as a shape; ``x y r``, ``label``, ``state``, of several pods ``count``
- ``part``: a rounded card (an object, a component); ``x y w h``, ``label``, ``sub``, ``state``, ``kind``
- ``group``: a card for many; besides ``count``, ``states`` (how many in which), ``open``
- ``head``: the heading of a column

and ``facts``, a list of [name, value] that a click shows (or ``values``, of pods where there are thousands). A link has
``from``, ``to``, ``label``, perhaps ``tone`` (off, quiet, seen, bad) and ``both`` (it holds both ways).

Around the picture of a topology: ``controls`` (what is chosen and can be), ``command`` (the same with kubectl), ``focus`` (the
answer to a question, `k8slab.views.focus`), ``note``.

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
