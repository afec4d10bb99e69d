"""kind clusters, through the real ``kind`` program: `Kind`, its add-ons, and what its errors mean."""

from k8slab.cluster.kind.addons import ADDONS, install
from k8slab.cluster.kind.program import OLDEST, engines, kind_version
from k8slab.cluster.kind.source import Kind
from k8slab.cluster.kind.troubles import TROUBLES, Trouble, recognise

__all__ = ["ADDONS", "OLDEST", "TROUBLES", "Kind", "Trouble", "engines", "install", "kind_version", "recognise"]
