"""For pytest with nbval: a cell that says so in its metadata is skipped, and the reason is told."""

from collections.abc import Sequence

import pytest


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        reason = getattr(item, "cell", {}).get("metadata", {}).get("k8slab-skip")
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
