"""The network plugin's pods say what it does: whoever asks the cluster can see whether policies are enforced."""

import pytest

from k8slab.cluster.capabilities import Sights, judge
from k8slab.sim.addons.system.daemons import daemon_objects


@pytest.mark.parametrize("network", ["routed", "overlay"])
@pytest.mark.parametrize("enforces", [True, False])
def test_whether_policies_are_enforced_can_be_seen(network, enforces: bool) -> None:
    daemon_sets = [obj for resource, obj in daemon_objects(network, enforces) if resource == "daemonsets.apps"]
    assert judge(Sights(frozenset(), daemon_sets=daemon_sets))["policy"].there is enforces
