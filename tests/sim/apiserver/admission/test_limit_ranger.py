"""LimitRanges give defaults and set bounds."""

import pytest

from k8slab.sim.apiserver.admission.limit_ranger import set_defaults, violations
from k8slab.sim.apiserver.errors import StatusError


def _range(**item):
    return {"kind": "LimitRange", "metadata": {"name": "l", "namespace": "chat"}, "spec": {"limits": [item]}}


def test_defaults_fill_what_is_missing_and_leave_a_note(make_pod):
    pod = make_pod(requests={"cpu": "2"})
    pod["spec"]["initContainers"] = [{"name": "i"}]
    defaults = {"default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "500m", "memory": "512Mi"}}
    set_defaults(_range(type="Container", **defaults), pod)
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "2", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    assert pod["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory request for container c; cpu, memory limit for container c;"
        " cpu, memory request for init container i; cpu, memory limit for init container i"
    }


@pytest.mark.parametrize(
    ("item", "requests", "limits", "text"),
    [
        ({"min": {"cpu": "1"}}, {}, {}, "minimum cpu usage per Container is 1.  No request is specified"),
        ({"min": {"cpu": "1"}}, {"cpu": "500m"}, {}, "minimum cpu usage per Container is 1, but request is 500m"),
        ({"min": {"cpu": "1"}}, {"cpu": "1"}, {"cpu": "100m"}, "minimum cpu usage per Container is 1, but limit is 100m"),
        ({"max": {"memory": "1Gi"}}, {}, {}, "maximum memory usage per Container is 1Gi.  No limit is specified"),
        ({"max": {"memory": "1Gi"}}, {}, {"memory": "2Gi"}, "maximum memory usage per Container is 1Gi, but limit is 2Gi"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"cpu": "1"},
            {"cpu": "3"},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        ({"max": {"cpu": "1"}, "min": {"cpu": "100m"}}, {"cpu": "500m"}, {"cpu": "1"}, None),
    ],
)
def test_bounds_of_a_container(make_pod, item, requests, limits, text):
    pod = make_pod(requests=requests, limits=limits)
    assert list(violations(_range(type="Container", **item), "pods", pod)) == ([text] if text else [])


def test_bounds_of_a_pod_are_about_the_sum(make_pod):
    pod = make_pod(requests={"cpu": "600m"}, limits={"cpu": "600m"})
    pod["spec"]["containers"] *= 2
    text = "maximum cpu usage per Pod is 1, but limit is 1200m"
    assert list(violations(_range(type="Pod", max={"cpu": "1"}), "pods", pod)) == [text]


def test_bounds_of_a_claim():
    claim = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "500Mi"}}}}
    text = "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"
    limit_range = _range(type="PersistentVolumeClaim", min={"storage": "1Gi"})
    assert list(violations(limit_range, "persistentvolumeclaims", claim)) == [text]


def test_all_that_is_wrong_is_said_at_once(admit, client, make_pod):
    client.add(_range(type="Container", max={"cpu": "1", "memory": "1Gi"}))
    with pytest.raises(StatusError) as caught:
        admit("CREATE", "pods", make_pod(limits={"cpu": "2", "memory": "2Gi"}))
    assert caught.value.message == (
        'pods "web" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, '
        "maximum memory usage per Container is 1Gi, but limit is 2Gi]"
    )
