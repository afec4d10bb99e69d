"""JSON that is kept takes no more room than its text."""

import tracemalloc

from k8slab.apimachinery.compact import compact_json


def test_what_is_kept_takes_the_room_of_its_text_and_no_more() -> None:
    value = {"spec": {"containers": [{"name": "c", "image": "nginx"}] * 20}}
    kept = []
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept.append(compact_json(value))
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken < len(kept[0]) + 200
