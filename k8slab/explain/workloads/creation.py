"""Pods that are not even made: the API server refused them, and who refused says so in a FailedCreate event.

ResourceQuota, LimitRange, Pod Security, a missing ServiceAccount or PriorityClass, webhooks, admission policies. The texts are
upstream's plugins' (plugin/pkg/admission, k8s.io/pod-security-admission).
"""

import re
from collections.abc import Callable

from k8slab.apimachinery.quota import amounts_of, exceeded
from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.blame import Author, container_at, workload_author
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import clause, condition, join, kubectl
from k8slab.explain.world import World, event_evidence
from k8slab.sim.apiserver.admission.pod_security.levels import LEVELS, evaluate

__all__ = ["creation"]


def creation(world: World, workload: Object) -> Answer | None:
    """Say why a workload's pods are refused; None if none was refused lately."""
    message, seen = _refusal(world, workload)
    if not message:
        return None
    author = workload_author(world, workload)
    for pattern, make in _REFUSALS:
        found = re.search(pattern, message)
        if found:
            return make(world, author, found, message).with_evidence(*seen)
    return _say(author, "other", f"The API server refuses the pods of {label_of(workload)}: {clause(message)}.", "", seen,
                "Correct what the message names.", LIKELY)  # fmt: skip


def _refusal(world: World, workload: Object) -> tuple[str, tuple[Evidence, ...]]:
    told = condition(workload, "ReplicaFailure")
    if told.get("status") == "True" and told.get("reason") == "FailedCreate":
        return told["message"], (Evidence(f"{label_of(workload)} status.conditions[ReplicaFailure]", clause(told["message"])),)
    events = world.events(workload)
    failed = next((e for e in events if e.get("reason") in ("FailedCreate", "ReplicaSetCreateError")), None)
    made = next((e for e in events if e.get("reason") == "SuccessfulCreate"), None)
    if failed is None or (made is not None and events.index(made) < events.index(failed)):
        return "", ()
    return str(failed.get("message", "")), (event_evidence(failed),)


def _say(
    author: Author, verdict: str, text: str, field: str, seen: tuple[Evidence, ...], change: str, sure: Confidence = KNOWN
) -> Answer:
    return Answer(f"creation.{verdict}", text, author.label, author.field(field), author.namespace, sure, seen, change,
                  kubectl(author.edit, author.namespace))  # fmt: skip


def _quota(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    label, refusal = f"resourcequota/{found[1]}", found[2]
    wanted, used, hard = (_pairs(refusal, side) for side in ("requested", "used", "limited"))
    quota = world.get("resourcequotas", found[1], author.namespace)
    if quota is not None and not _still_full(quota, wanted):
        text = f"{label} had no room for another pod of {author.label}, and has some now: the next try should succeed."
        return Answer("creation.quota-freed", text, label, "", author.namespace, LIKELY, (), "Nothing: wait for the next try.",
                      kubectl(f"describe {label}", author.namespace))  # fmt: skip
    words = join(
        f"{used.get(k, '0')} of {hard.get(k, '?')} {k} are used, and it needs {amount} more" for k, amount in wanted.items()
    )
    text = f"{label} leaves no room for another pod of {author.label}: {words or clause(refusal)}."
    return Answer("creation.quota", text, label, f"spec.hard[{next(iter(wanted), '')}]", author.namespace, KNOWN, (),
                  "Free some of the quota, make the pods smaller, or have the quota raised.",
                  kubectl(f"describe {label}", author.namespace))  # fmt: skip


def _pairs(refusal: str, side: str) -> dict[str, str]:
    """Return one side of ``requested: pods=1, used: pods=2, limited: pods=2``."""
    found = re.search(rf"{side}: (\S+?)(?:, \w+:|$|\s)", refusal)
    return dict(pair.split("=", 1) for pair in found[1].rstrip(",").split(",") if "=" in pair) if found else {}


def _still_full(quota: Object, wanted: dict[str, str]) -> bool:
    """Whether what was refused would be refused again."""
    used = amounts_of((quota.get("status") or {}).get("used"))
    return not wanted or bool(exceeded(amounts_of(wanted), used, amounts_of(quota["spec"].get("hard"))))


def _unspecified(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    keys = re.findall(r"([\w.-]+) for:", found[2])
    side, _, resource = (keys[0] if keys else "requests.cpu").rpartition(".")
    text = f"resourcequota/{found[1]} counts {join(keys)}, so every container must set it, and the pods of {author.label} do not."
    return _say(author, "quota-unspecified", text, f"containers[0].resources.{side or 'requests'}.{resource}", (),
                "Set it in every container, or have a LimitRange set a default.")  # fmt: skip


def _limit_range(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    side = "limits" if "limit is" in found[0] or found[1] == "maximum" else "requests"
    ranges = [name_of(r) for r in world.peek("limitranges", author.namespace)]
    whose = f"limitrange/{ranges[0]}" if len(ranges) == 1 else "A LimitRange"
    words = clause(found[0])
    at = "containers[0].resources" if found[3] != "Pod" else "containers"
    text = f"{whose} of namespace {author.namespace} refuses the pods of {author.label}: {words}."
    return _say(author, "limit-range", text, f"{at}.{side}.{found[2]}" if found[3] != "Pod" else at, (),
                "Keep requests and limits within the range, or have the range changed.")  # fmt: skip


_SECURITY = (
    (r"hostPath", "volumes"),
    (r"restricted volume types", "volumes"),
    (r"hostNetwork", "hostNetwork"),
    (r"hostPID", "hostPID"),
    (r"hostIPC", "hostIPC"),
    (r"hostPort", "containers[{i}].ports"),
    (r"privileged", "containers[{i}].securityContext.privileged"),
    (r"allowPrivilegeEscalation", "containers[{i}].securityContext.allowPrivilegeEscalation"),
    (r"capabilities", "containers[{i}].securityContext.capabilities"),
    (r"runAsNonRoot", "securityContext.runAsNonRoot"),
    (r"runAsUser", "securityContext.runAsUser"),
    (r"seccomp", "securityContext.seccompProfile"),
)


def _security(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    level, violations = found[1], found[2]
    first = violations.partition(" (")[0] + violations.partition("(")[2].partition(",")[0]
    field = next((f for pattern, f in _SECURITY if re.search(pattern, first)), "securityContext")
    container = re.search(r'containers? "([^"]+)"', violations)
    template = _pod_spec(author)
    at = container_at({"spec": template}, container[1])[0] if container and template else "containers[0]"
    field = field.replace("containers[{i}]", at)
    where, whose = author.namespace, f"the pods of {author.label}"
    text = f"Namespace {where} enforces Pod Security level {level!r}, and {whose} violate it: {_short(violations)}."
    sure = KNOWN
    if template and not _still_violates(world, where, template):
        text = (
            f"Namespace {where} enforced Pod Security level {level!r} against {whose}, and would let them in now: wait "
            "for the next try."
        )
        sure = LIKELY
    change = "Set what is in brackets in the message, or have the namespace's label pod-security.kubernetes.io/enforce changed."
    return _say(author, "pod-security", text, field, (), change, sure)


def _short(violations: str) -> str:
    """The violations without what is in brackets, which the evidence has."""
    return clause(re.sub(r" \((?:[^()]|\([^()]*\))*\)", "", violations))


def _still_violates(world: World, namespace: str, spec: Object) -> bool:
    """Whether the namespace's level, as it is now, forbids a pod of this spec."""
    found = world.get("namespaces", namespace)
    level = labels(found).get("pod-security.kubernetes.io/enforce", "") if found else ""
    return found is None or bool(evaluate(level if level in LEVELS else "privileged", {}, spec))


def _pod_spec(author: Author) -> Object:
    spec: Object = author.object or {}
    for part in author.prefix.split(".") if author.object else ():
        spec = spec.get(part) or {}
    return spec


def _account(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    name = found[1]
    there = world.get("serviceaccounts", name, author.namespace) is not None
    text = (
        f"The pods of {author.label} are to run as serviceaccount/{name}, which does not exist in namespace {author.namespace}."
    )
    if there:
        text = f"serviceaccount/{name} was missing when the pods of {author.label} were made last; it is there now."
    return _say(
        author,
        "service-account-missing",
        text,
        "serviceAccountName",
        (),
        f"kubectl create serviceaccount {name} -n {author.namespace}, or correct the name.",
        LIKELY if there else KNOWN,
    )


def _priority(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    text = f"The pods of {author.label} name the PriorityClass {found[1]!r}, which does not exist."
    return _say(author, "priority-class-missing", text, "priorityClassName", (), "Create the class, or correct the name.")


def _webhook(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    text = f"The admission webhook {found[1]!r} refuses the pods of {author.label}: {clause(found[2])}."
    return Answer("creation.webhook-denied", text, f"webhook/{found[1]}", "webhooks", "", KNOWN, (),
                  "Do what the webhook asks for; its words are its author's.",
                  "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")  # fmt: skip


def _webhook_down(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    text = f"The admission webhook {found[1]!r} must be asked about every pod and does not answer, so none is made."
    return Answer("creation.webhook-down", text, f"webhook/{found[1]}", "webhooks", "", KNOWN, (),
                  "Repair the webhook's Service and pods, or delete its configuration (failurePolicy Fail).",
                  "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations")  # fmt: skip


def _policy(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    text = f"The ValidatingAdmissionPolicy {found[1]!r} refuses the pods of {author.label}: {clause(found[2])}."
    return Answer("creation.admission-policy", text, f"validatingadmissionpolicy/{found[1]}", "spec.validations", "", KNOWN, (),
                  "Do what the policy asks for.", f"kubectl get validatingadmissionpolicy {found[1]} -o yaml")  # fmt: skip


def _terminating(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    text = f"Namespace {author.namespace} is being deleted, so nothing new is made in it."
    return Answer(
        "creation.namespace-terminating",
        text,
        f"namespace/{author.namespace}",
        "metadata.deletionTimestamp",
        "",
        KNOWN,
        (),
        "Use another namespace.",
        f"kubectl describe namespace {author.namespace}",
    )


def _invalid(world: World, author: Author, found: re.Match[str], message: str) -> Answer:
    below = found[1].removeprefix("spec.")
    text = f"The pods that {author.label} describes are not valid: {found[1]}: {clause(found[2])}."
    return _say(author, "invalid", text, below, (), "Correct that field.")


_REFUSALS: tuple[tuple[str, Callable[[World, Author, re.Match[str], str], Answer]], ...] = (
    (r"exceeded quota: ([^,]+), (requested: .*)", _quota),
    (r"failed quota: ([^:]+): must specify (.*)", _unspecified),
    (r"violates PodSecurity \"([^\"]+)\": (.*)", _security),
    (r"(minimum|maximum) ([\w-]+) usage per (Container|Pod) is [^,\]]+(?:, but [^,\]]+|\. No \w+ is specified)?", _limit_range),
    (r"error looking up service account [^:]+: serviceaccount \"([^\"]+)\" not found", _account),
    (r"no PriorityClass with name ([^ ]+) was found", _priority),
    (r"admission webhook \"([^\"]+)\" denied the request:? ?(.*)", _webhook),
    (r"failed calling webhook \"([^\"]+)\"", _webhook_down),
    (r"ValidatingAdmissionPolicy '([^']+)' .*denied request: (.*)", _policy),
    (r"because it is being terminated", _terminating),
    (r"is invalid: (spec\.[\w.\[\]]+): (.*)", _invalid),
)
