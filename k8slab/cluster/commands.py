"""What the command line does with clusters other than the embedded one."""

import sys
from collections.abc import Collection
from pathlib import Path

from k8slab.cluster.choice import source
from k8slab.cluster.kind import Kind
from k8slab.errors import K8slabError

__all__ = ["add", "up_elsewhere"]

_OPTIONS = frozenset({"which", "config", "image", "merge"})


def up_elsewhere(which: str, config: Path | None, image: str | None, merge: bool, given: Collection[str]) -> None:
    """Start or adopt a cluster and say how to use it.

    Parameters
    ----------
    which
        Names it, as ``$K8SLAB_CLUSTER`` does.
    config
        Its shape.
    image, merge
        Of a kind cluster: its node image, and whether it goes into the user's own kubeconfig too.
    given
        The options that were given; those that only the embedded cluster has are refused.
    """
    foreign = sorted(set(given) - _OPTIONS)
    if foreign:
        raise K8slabError(f"--{foreign[0].replace('_', '-')} is for the embedded cluster only, not for {which}")
    chosen = source(which)
    if isinstance(chosen, Kind):
        chosen.up(config, _tell, image=image)
        if merge:
            chosen.to_users_kubeconfig()
    elif image or merge:
        raise K8slabError(f"--image and --merge are for kind clusters only, not for {which}")
    else:
        chosen.up(config, _tell)
    print(f"the cluster {chosen} is ready")
    print(f'to use it in this shell: export KUBECONFIG="{chosen.kubeconfig}"')
    print(f"to use it in the labs:   export K8SLAB_CLUSTER={chosen}")


def add(which: str, addon: str) -> str:
    """Install an add-on into a kind cluster; return what was done."""
    chosen = source(which)
    if not isinstance(chosen, Kind):
        raise K8slabError(f"add-ons are for kind clusters, not for {chosen}; the embedded cluster has what they bring")
    chosen.add(addon, _tell)
    return f"chatter's images are in the nodes of {chosen}" if addon == "chatter" else f"{addon} runs in {chosen}"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
