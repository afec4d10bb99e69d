"""May this user do this? Node and RBAC authorization, its default policy, and the access reviews.

Upstream: k8s.io/apiserver/pkg/authorization and plugin/pkg/auth/authorizer.

* `rbac`, `escalation` (`covers`): pure functions over plain objects, for any cluster.
* `Authorizer`: the embedded server's decisions, over informers, remembered until the policy changes.
* `bootstrap`: the roles and bindings every cluster starts with.
* `reviews`: SubjectAccessReview and its kin.
"""

from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision, Grant, denied, forbidden_message
from k8slab.sim.apiserver.authorization.authorizer import Authorizer
from k8slab.sim.apiserver.authorization.escalation import check_write

__all__ = ["Attributes", "Authorizer", "Decision", "Grant", "check_write", "denied", "forbidden_message"]
