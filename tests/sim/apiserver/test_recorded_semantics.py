"""Defaults, strategies and validation answer as a recorded Kubernetes 1.20 does, or as 1.37 documents it differently."""

from typing import Any

import pytest

from tests.sim.apiserver.recorded import RECORDED, Store, answer, load, missing

# Scenario -> the steps (from 1) that these layers answer; the others belong to decoding, admission, addresses.
STEPS: dict[str, tuple[int, ...]] = {
    "controllers-deployment-rollout-and-rollback-history.yaml": (1,),
    "controllers-quota-is-counted-and-enforced.yaml": (1,),
    "controllers-services-get-addresses-and-refuse-doubles.yaml": (1,),
    "crd-invalid-definitions.yaml": (1, 2, 3),
    "defaults-pod.yaml": (1,),
    "defaults-stateful-and-daemon-set-job.yaml": (1, 2, 3),
    "protocol-bad-labels-and-annotations.yaml": (1, 2, 3),
    "protocol-finalizers-hold-an-object.yaml": (1, 2, 3, 4, 5),
    "table-daemonsets.yaml": (1,),
    "table-hpa.yaml": (1,),
    "table-jobs.yaml": (1,),
    "table-statefulsets.yaml": (1,),
    "validation-config-and-secret.yaml": (1, 2),
    "validation-deployment-selector-is-immutable.yaml": (1, 2),
    "validation-immutable-configmap-and-secret.yaml": (1, 2, 3, 4, 5),
    "validation-job.yaml": (1, 2),
    "validation-node-and-namespace.yaml": (1, 2),
    "validation-pod-env.yaml": (1, 2, 3),
    "validation-pod-resources.yaml": (1, 2, 4),
    "validation-pod-security-context.yaml": (1, 2),
    "validation-pvc.yaml": (1, 2, 3),
    "validation-rbac.yaml": (1, 2, 3),
    "validation-secret.yaml": (2, 3, 4),
    "validation-service-changes.yaml": (1, 2, 3, 4),
}
# What 1.37 answers instead: (field, message) of each cause.
NEWER: dict[tuple[str, int], list[tuple[str, str]]] = {
    ("protocol-bad-labels-and-annotations.yaml", 3): [
        ("metadata.labels", f'Invalid value: "{"x" * 64}": must be no more than 63 bytes'),
    ],
    ("validation-deployment-selector-is-immutable.yaml", 2): [
        ("spec.selector", 'Invalid value: {"matchLabels":{"app":"other"}}: field is immutable'),
    ],
    ("validation-node-and-namespace.yaml", 2): [("metadata.name", 'Invalid value: "has.dot": must not contain dots')],
    ("validation-pod-resources.yaml", 1): [
        ("spec.containers[0].resources.requests", 'Invalid value: "2": must be less than or equal to cpu limit of 1'),
    ],
    ("validation-pod-resources.yaml", 4): [
        ("spec.containers[0].resources.limits[example.com/gpu]", 'Invalid value: "1.5": must be an integer'),
        ("spec.containers[0].resources.requests[example.com/gpu]", 'Invalid value: "1.5": must be an integer'),
    ],
    ("validation-pod-security-context.yaml", 2): [
        (
            "spec.containers[0].ports[0].hostPort",
            "Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
        ),
    ],
    ("validation-pvc.yaml", 3): [
        (
            "spec.accessModes",
            'Unsupported value: "Often": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        ),
    ],
    ("validation-rbac.yaml", 2): [
        ("rules[0].nonResourceURLs", 'Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'),
    ],
    ("validation-secret.yaml", 4): [("data[username]", "Required value"), ("data[password]", "Required value")],
    ("validation-service-changes.yaml", 2): [
        ("spec.clusterIPs[0]", 'Invalid value: ["10.0.0.250"]: may not change once set'),
    ],
}
_CRD_WITHOUT_STORAGE = ("crd-invalid-definitions.yaml", 2)


def causes(status: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cause["field"], cause["message"]) for cause in status["details"]["causes"]]


@pytest.mark.skipif(not (RECORDED / "defaults-pod.yaml").is_file(), reason="the recorded answers are not on this machine")
@pytest.mark.parametrize("name", STEPS)
def test_answers_agree_with_the_recorded_ones(name: str) -> None:
    store = Store()
    for number, step in enumerate(load(name), 1):
        if number not in STEPS[name]:
            continue
        got = answer(store, step)
        if (name, number) == _CRD_WITHOUT_STORAGE:
            assert [field for field, _ in causes(got)] == ["spec.versions", "status.storedVersions"]
            assert causes(got)[0][1].endswith(": must have exactly one version marked as storage version")
            assert causes(got)[1][1] == "Invalid value: null: must have at least one stored version"
        elif (name, number) in NEWER:
            assert causes(got) == NEWER[name, number]
        else:
            assert missing(step["expect"]["answer"], got) == [], f"step {number}"
