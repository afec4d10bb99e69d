"""Strategic merge patch: lists merge by key, directives say what else."""

import copy

import pytest
import yaml

from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.apiserver.patch import strategic_merge_patch
from k8slab.sim.apiserver.schema import schema_for

POD = schema_for("", "v1", "Pod")
DEPLOYMENT = schema_for("apps", "v1", "Deployment")


def patched(doc, patch, schema=POD):
    doc, patch = yaml.safe_load(doc), yaml.safe_load(patch)
    before = copy.deepcopy((doc, patch))
    result = strategic_merge_patch(doc, patch, schema)
    assert (doc, patch) == before, "arguments stay as they are"
    return result


def merges(doc, patch, wanted, schema=POD):
    assert patched(doc, patch, schema) == yaml.safe_load(wanted)


TWO = "spec: {containers: [{name: a, image: x}, {name: b, image: y}]}"


@pytest.mark.parametrize(
    ("doc", "patch", "wanted"),
    [
        pytest.param(TWO, "spec: {containers: [{name: b, image: z}]}",
                     "spec: {containers: [{name: a, image: x}, {name: b, image: z}]}", id="an item is found by its key"),
        pytest.param(TWO, "spec: {containers: [{name: c}]}",
                     "spec: {containers: [{name: c}, {name: a, image: x}, {name: b, image: y}]}", id="a new item comes first"),
        pytest.param(TWO, "spec: {containers: [{name: b, tty: true}, {name: c}]}",
                     "spec: {containers: [{name: a, image: x}, {name: b, image: y, tty: true}, {name: c}]}",
                     id="what only the server has keeps its place"),
        pytest.param(TWO, "spec: {containers: [{name: a, $patch: delete}]}",
                     "spec: {containers: [{name: b, image: y}]}", id="delete takes an item away"),
        pytest.param(TWO, "spec: {containers: [{$patch: replace}, {name: c}]}",
                     "spec: {containers: [{name: c}]}", id="replace takes the list's place"),
        pytest.param(TWO, "spec: {$setElementOrder/containers: [{name: b}, {name: a}], containers: [{name: a, tty: true}]}",
                     "spec: {containers: [{name: b, image: y}, {name: a, image: x, tty: true}]}", id="setElementOrder reorders"),
        pytest.param(TWO, "spec: {$setElementOrder/containers: [{name: b}, {name: a}]}",
                     "spec: {containers: [{name: b, image: y}, {name: a, image: x}]}", id="setElementOrder alone"),
        pytest.param("spec: {}", "spec: {$setElementOrder/containers: [{name: a}], containers: [{name: a, image: null}]}",
                     "spec: {containers: [{name: a}]}", id="setElementOrder of a new list"),
        pytest.param(TWO, "spec: {containers: null}", "spec: {}", id="null deletes"),
        pytest.param("spec: {tolerations: [{key: a}]}", "spec: {tolerations: [{key: b}]}",
                     "spec: {tolerations: [{key: b}]}", id="a list without merge strategy is replaced"),
        pytest.param("metadata: {finalizers: [a, b]}", "metadata: {finalizers: [b, c]}",
                     "metadata: {finalizers: [a, b, c]}", id="a list of texts is a union"),
        pytest.param("metadata: {finalizers: [a, b, c]}", "metadata: {$deleteFromPrimitiveList/finalizers: [a, c]}",
                     "metadata: {finalizers: [b]}", id="deleteFromPrimitiveList"),
        pytest.param("metadata: {finalizers: [a, b]}",
                     "metadata: {$setElementOrder/finalizers: [c, a], $deleteFromPrimitiveList/finalizers: [b], finalizers: [c]}",
                     "metadata: {finalizers: [c, a]}", id="all three on a list of texts"),
        pytest.param("metadata: {labels: {a: '1'}}", "metadata: {labels: {$patch: replace, b: '2'}}",
                     "metadata: {labels: {b: '2'}}", id="replace a map"),
        pytest.param("metadata: {labels: {a: '1'}}", "metadata: {labels: {$patch: delete}}",
                     "metadata: {labels: {}}", id="delete a map"),
        pytest.param("spec: {volumes: [{name: v, emptyDir: {}}]}",
                     "spec: {volumes: [{name: v, $retainKeys: [name, configMap], configMap: {name: c}}]}",
                     "spec: {volumes: [{name: v, configMap: {name: c}}]}", id="retainKeys drops the other volume source"),
        pytest.param("spec: {}", "spec: {containers: [{name: a, $patch: delete}, {name: b, env: [{$patch: replace}]}]}",
                     "spec: {containers: [{name: b, env: []}]}", id="directives do not stay behind in new values"),
    ],
)  # fmt: skip
def test_merging(doc, patch, wanted):
    merges(doc, patch, wanted)


def test_the_strategy_of_a_deployment_can_be_changed_with_retain_keys():
    merges(
        "spec: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
        "spec: {strategy: {$retainKeys: [type], type: Recreate}}",
        "spec: {strategy: {type: Recreate}}",
        DEPLOYMENT,
    )


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ("spec: {containers: [{image: nginx}]}", 500, "map: map[image:nginx] does not contain declared merge key: name"),
        ("spec: {containers: [{$patch: merge}]}", 500, "merging lists cannot yet be specified in the patch"),
        ("spec: {$patch: mangle}", 500, "unknown patch type: mangle in map: map[$patch:mangle]"),
        ("spec: {$retainKeys: [a], b: 1}", 400, "invalid patch format of retainKeys"),
        ("spec: {$setElementOrder/containers: 1}", 400, "invalid patch format of setElementOrder list"),
        (
            "spec: {$setElementOrder/containers: [{name: b}, {name: a}], containers: [{name: a}, {name: b}]}",
            500,
            "The order in patch list:\n[map[name:a] map[name:b]]\n "
            "doesn't match $setElementOrder list:\n[map[name:b] map[name:a]]\n",
        ),
    ],
)
def test_wrong_patches(patch, code, message):
    with pytest.raises(StatusError) as caught:
        patched(TWO, patch)
    assert (caught.value.code, caught.value.message) == (code, message)
