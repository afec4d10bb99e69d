"""What a Job's policies may say; the texts are those of pkg/apis/batch/validation/validation_test.go."""

import pytest

from k8slab.sim.apiserver.validation.batch import job_errors

INDEXED = {"completionMode": "Indexed", "completions": 5}


def complaints(**spec):
    labels = {"a": "b"}
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i", "imagePullPolicy": "Always"}]}
    pod |= {"terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst"}
    pod["containers"][0] |= {"terminationMessagePolicy": "File", "terminationMessagePath": "/x"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    whole = {"manualSelector": True, "selector": {"matchLabels": labels}, "template": template, **spec}
    return [str(error) for error in job_errors({"metadata": {"name": "j", "namespace": "n", "uid": "1"}, "spec": whole})]


def rule(action="FailJob", **more):
    return {"podFailurePolicy": {"rules": [{"action": action, **more}]}}


def codes(*values, operator="In", **more):
    return {"onExitCodes": {"operator": operator, "values": list(values), **more}}


ONE = "spec.podFailurePolicy.rules[0]"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (rule(**codes(1, 2)), []),
        (rule("Ignore", onPodConditions=[{"type": "DisruptionTarget", "status": "True"}]), []),
        (rule(), [f"{ONE}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"]),
        (
            rule(**codes(1), onPodConditions=[{"type": "A", "status": "True"}]),
            [f"{ONE}: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported"],
        ),
        (rule("", **codes(1)), [f'{ONE}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]']),
        (
            rule("X", **codes(1)),
            [f'{ONE}.action: Unsupported value: "X": supported values: "Count", "FailIndex", "FailJob", "Ignore"'],
        ),
        (
            rule("FailIndex", **codes(1)),
            [f'{ONE}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'],
        ),
        (rule(**codes(11, 11)), [f"{ONE}.onExitCodes.values[1]: Duplicate value: 11"]),
        (rule(**codes(3, 1)), [f"{ONE}.onExitCodes.values: Invalid value: [3,1]: must be ordered"]),
        (rule(**codes(0, 1)), [f"{ONE}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"]),
        (rule(**codes(0, operator="NotIn")), []),
        (rule(**codes()), [f"{ONE}.onExitCodes.values: Invalid value: []: at least one value is required"]),
        (
            rule(**codes(1, operator="X")),
            [f'{ONE}.onExitCodes.operator: Unsupported value: "X": supported values: "In", "NotIn"'],
        ),
        (
            rule(**codes(1, containerName="xyz")),
            [
                f'{ONE}.onExitCodes.containerName: Invalid value: "xyz": '
                "must be one of the container or initContainer names in the pod template"
            ],
        ),
        (
            rule("Ignore", onPodConditions=[{"type": "A"}]),
            [f'{ONE}.onPodConditions[0].status: Required value: valid values: ["False" "True" "Unknown"]'],
        ),
        (
            {"podFailurePolicy": {"rules": [{"action": "Count", **codes(1)}] * 21}},
            ["spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items"],
        ),
    ],
)
def test_a_pod_failure_policy(spec, expected):
    assert complaints(**spec) == expected


def success(**one):
    return {**INDEXED, "successPolicy": {"rules": [one]}}


NONE = "at least one rules must be specified when the successPolicy is specified"
TWO = "spec.successPolicy.rules[0]"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (success(succeededIndexes="0-2,4", succeededCount=4), []),
        (success(), [f"{TWO}: Required value: at least one of succeededCount or succeededIndexes must be specified"]),
        ({"successPolicy": {"rules": []}}, ['spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode']),
        (
            {**INDEXED, "successPolicy": {}},
            [f"spec.successPolicy.rules: Required value: {NONE}"],
        ),
        (
            success(succeededCount=6),
            [f"{TWO}.succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)"],
        ),
        (
            success(succeededIndexes="0-2", succeededCount=4),
            [
                f"{TWO}.succeededCount: Invalid value: 4: "
                "must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)"
            ],
        ),
        (
            success(succeededIndexes="2,1"),
            [
                f'{TWO}.succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: '
                "non-increasing order, previous: 2, current: 1"
            ],
        ),
        (
            success(succeededIndexes="0-5"),
            [f'{TWO}.succeededIndexes: Invalid value: "0-5": error parsing succeededIndexes: too large index: "5"'],
        ),
        (
            success(succeededIndexes="x"),
            [
                f'{TWO}.succeededIndexes: Invalid value: "x": error parsing succeededIndexes: '
                'cannot convert string to integer for index: "x"'
            ],
        ),
    ],
)
def test_a_success_policy(spec, expected):
    assert complaints(**spec) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({**INDEXED, "backoffLimitPerIndex": 1, "maxFailedIndexes": 5}, []),
        (
            {**INDEXED, "backoffLimitPerIndex": 1, "maxFailedIndexes": 6},
            ["spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions"],
        ),
        (
            {**INDEXED, "completions": 100_001, "parallelism": 1, "backoffLimitPerIndex": 1},
            ["spec.maxFailedIndexes: Required value: must be specified when completions is above 100000"],
        ),
        ({"managedBy": "acme.io/foo"}, []),
        ({"managedBy": "foo"}, ['spec.managedBy: Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")']),
        ({"podReplacementPolicy": "X"}, [
            'spec.podReplacementPolicy: Unsupported value: "X": supported values: "Failed", "TerminatingOrFailed"'
        ]),
    ],
)  # fmt: skip
def test_limits_and_managers(spec, expected):
    assert complaints(**spec) == expected
