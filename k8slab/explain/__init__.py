"""Why is it so? Answers about any object or question, on any cluster.

``why(cluster, "pod/web")`` fetches what the question takes with the official client and lets pure functions judge it, among
them the very ones the embedded cluster runs on: scheduler plugins, policies, RBAC. The parts:

- `question`: what can be asked; `snapshot`, `world`: what was seen, and what could not be; `fetch`: the only I/O;
- `registry`: which diagnosers look at what, in order; `pods/`, `workloads/`, `network/`, `cluster/` …: one idea a file;
- `answer`, `rendering`: verdict, confidence, evidence, what would have to change, the next command.
"""

from k8slab.explain.answer import Answer, Evidence
from k8slab.explain.why import diagnose, why

__all__ = ["Answer", "Evidence", "diagnose", "why"]
