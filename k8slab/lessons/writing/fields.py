"""The YAML of a block, with the line of every value: what is wrong is said with the line it stands in.

Scalars are taken as they are written: an option ``yes`` is the word yes, not a truth value.
"""

import yaml

from k8slab.errors import K8slabError
from k8slab.lessons.writing.markdown import Block, Place

__all__ = ["Fields", "fields"]


class Fields:
    """A mapping of a block: its values by name, as texts, lists of texts, or mappings again."""

    def __init__(self, node: yaml.Node | None, what: str, block: Block) -> None:
        self.what, self._block = what, block
        if not isinstance(node, yaml.MappingNode):
            raise self._place(node).error(f"{what} is written as lines of NAME: VALUE")
        self.place = self._place(node)
        self._values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in self._values:
                raise self._place(key).error(f'{what} has "{key.value}" twice')
            self._values[key.value] = value

    def only(self, *names: str) -> None:
        """See that nothing else is there."""
        for name, node in self._values.items():
            if name not in names:
                raise self._place(node).error(f'{self.what} has no "{name}"; known: {", ".join(names)}')

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there."""
        node = self._values.get(name)
        if node is None and default is not None:
            return default
        return self._scalar(self._needed(name), name)

    def code(self, name: str) -> tuple[str, Place]:
        """Return lines of Python, and where they begin."""
        node = self._needed(name)
        return self._scalar(node, name), self._place(node).below(1 if getattr(node, "style", "") in ("|", ">") else 0)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty if it is not there."""
        return tuple(self._scalar(node, name) for node in self._items(name))

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return a list of pairs, ``- [title, address]``, empty if it is not there."""
        found = []
        for node in self._items(name):
            if not isinstance(node, yaml.SequenceNode) or len(node.value) != 2:
                raise self._place(node).error(f'"{name}" of {self.what} is a list of pairs: - [ONE, OTHER]')
            found.append((self._scalar(node.value[0], name), self._scalar(node.value[1], name)))
        return tuple(found)

    def parts(self, name: str) -> tuple["Fields", ...]:
        """Return a list of mappings."""
        self._needed(name)
        return tuple(Fields(node, f'an item in "{name}" of {self.what}', self._block) for node in self._items(name))

    def error(self, text: str) -> K8slabError:
        """Return an error that says where this mapping is."""
        return self.place.error(text)

    def _needed(self, name: str) -> yaml.Node:
        node = self._values.get(name)
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value.strip()):
            raise self.error(f'{self.what} has no "{name}"')
        return node

    def _items(self, name: str) -> list[yaml.Node]:
        node = self._values.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self._place(node).error(f'"{name}" of {self.what} is a list: lines of - VALUE, or [VALUE, VALUE]')
        return list(node.value)

    def _scalar(self, node: yaml.Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._place(node).error(
                f'"{name}" of {self.what} must be a text; put quotes around one with special characters'
            )
        return str(node.value).strip("\n")

    def _place(self, node: yaml.Node | None) -> Place:
        return self._block.place.below(node.start_mark.line if node else 0)


def fields(block: Block, what: str) -> Fields:
    """Return the fields of a block.

    Raises
    ------
    K8slabError
        If it is not YAML, or no mapping.
    """
    try:
        node = yaml.compose(block.body, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise block.place.below(mark.line if mark else 0).error(f"{what} is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise block.place.error(f"{what} is not YAML: {error}") from error
    return Fields(node, what, block)
