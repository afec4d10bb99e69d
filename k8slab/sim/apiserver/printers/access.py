"""Rows of configuration and of who may do what: ConfigMaps, Secrets, RBAC, certificates, admission, flow control.

Upstream: pkg/printers/internalversion/printers.go. Roles, ClusterRoles, LimitRanges and custom resource definitions have no
printer there either: their tables have the columns Name and Created At.
"""

from collections.abc import Sequence
from typing import Any

from k8slab.apimachinery.timestamps import human_duration
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.printers.cells import NONE, UNSET, age, condition, label_selector, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, NAME, Column, column, printer

__all__: list[str] = []


@printer("", "ConfigMap", (NAME, column("Data", ("core.v1.ConfigMap", "data")), AGE))
def _config_map(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


@printer("", "Secret", (NAME, column("Type", ("core.v1.Secret", "type")), column("Data", ("core.v1.Secret", "data")), AGE))
def _secret(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("type", ""), len(obj.get("data") or ()), age(obj, now)]


@printer("", "ServiceAccount", (NAME, column("Secrets", ("core.v1.ServiceAccount", "secrets")), AGE))
def _service_account(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], len(obj.get("secrets") or ()), age(obj, now)]


def _binding_columns(kind: str, word: str) -> tuple[Column, ...]:
    subjects = (column(name, f"{name} in the {word}", wide=True) for name in ("Users", "Groups", "ServiceAccounts"))
    return (NAME, column("Role", (f"rbac.v1.{kind}", "roleRef")), AGE, *subjects)


@printer("rbac.authorization.k8s.io", "RoleBinding", _binding_columns("RoleBinding", "roleBinding"))
@printer("rbac.authorization.k8s.io", "ClusterRoleBinding", _binding_columns("ClusterRoleBinding", "clusterRoleBinding"))
def _role_binding(obj: Object, now: float) -> list[Any]:
    role, subjects = obj["roleRef"], obj.get("subjects") or ()
    accounts = [f"{s.get('namespace', '')}/{s['name']}" for s in subjects if s["kind"] == "ServiceAccount"]
    return [
        obj["metadata"]["name"],
        f"{role['kind']}/{role['name']}",
        age(obj, now),
        ", ".join(s["name"] for s in subjects if s["kind"] == "User"),
        ", ".join(s["name"] for s in subjects if s["kind"] == "Group"),
        ", ".join(accounts),
    ]


_CSR = "certificates.v1.CertificateSigningRequest"


@printer(
    "certificates.k8s.io",
    "CertificateSigningRequest",
    (
        NAME,
        AGE,
        column("SignerName", (f"{_CSR}Spec", "signerName")),
        column("Requestor", (f"{_CSR}Spec", "request")),
        column("RequestedDuration", (f"{_CSR}Spec", "expirationSeconds")),
        column("Condition", (f"{_CSR}Status", "conditions")),
    ),
)
def _signing_request(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    duration = spec.get("expirationSeconds")
    return [
        obj["metadata"]["name"],
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if duration is None else human_duration(duration),
        _signing_state(obj),
    ]


def _signing_state(obj: Object) -> str:
    state = "Denied" if condition(obj, "Denied") else "Approved" if condition(obj, "Approved") else "Pending"
    if condition(obj, "Failed"):
        state += ",Failed"
    return f"{state},Issued" if status_of(obj).get("certificate") else state


@printer(
    "certificates.k8s.io",
    "ClusterTrustBundle",
    (NAME, column("SignerName", ("certificates.v1.ClusterTrustBundleSpec", "signerName"))),
)
def _trust_bundle(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], spec_of(obj).get("signerName") or NONE]


_WEBHOOKS = (
    NAME,
    column("Webhooks", "Webhooks indicates the number of webhooks registered in this configuration", "integer"),
    AGE,
)


@printer("admissionregistration.k8s.io", "MutatingWebhookConfiguration", _WEBHOOKS)
@printer("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", _WEBHOOKS)
def _webhooks(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], len(obj.get("webhooks") or ()), age(obj, now)]


def _policy_columns(name: str, description: str) -> Sequence[Column]:
    parameters = column("ParamKind", "ParamKind specifies the kind of resources used to parameterize this policy")
    return (NAME, column(name, description, "integer"), parameters, AGE)


@printer(
    "admissionregistration.k8s.io",
    "ValidatingAdmissionPolicy",
    _policy_columns("Validations", "Validations indicates the number of validation rules defined in this configuration"),
)
def _validating_policy(obj: Object, now: float) -> list[Any]:
    return _policy(obj, now, "validations")


@printer(
    "admissionregistration.k8s.io",
    "MutatingAdmissionPolicy",
    _policy_columns("Mutations", "Mutation indicates the number of mutations rules defined in this configuration"),
)
def _mutating_policy(obj: Object, now: float) -> list[Any]:
    return _policy(obj, now, "mutations")


def _policy(obj: Object, now: float, rules: str) -> list[Any]:
    spec = spec_of(obj)
    kind = spec.get("paramKind")
    parameters = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}" if kind else UNSET
    return [obj["metadata"]["name"], len(spec.get(rules) or ()), parameters, age(obj, now)]


_POLICY_BINDING = (
    NAME,
    column("PolicyName", "PolicyName indicates the policy definition which the policy binding binded to"),
    column("ParamRef", "ParamRef indicates the param resource which sets the configration param"),
    AGE,
)


@printer("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", _POLICY_BINDING)
@printer("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", _POLICY_BINDING)
def _policy_binding(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    reference = spec.get("paramRef") or {}
    parameters = UNSET
    if reference.get("name"):
        parameters = f"{reference.get('namespace') or '*'}/{reference['name']}"
    elif reference.get("selector") is not None:
        parameters = label_selector(reference["selector"])
    return [obj["metadata"]["name"], spec.get("policyName", ""), parameters, age(obj, now)]


def _precedence(obj: Object) -> tuple[int, str]:
    return spec_of(obj).get("matchingPrecedence", 0), obj["metadata"]["name"]


@printer(
    "flowcontrol.apiserver.k8s.io",
    "FlowSchema",
    (
        NAME,
        column("PriorityLevel", ("flowcontrol.v1.PriorityLevelConfigurationReference", "name")),
        column("MatchingPrecedence", ("flowcontrol.v1.FlowSchemaSpec", "matchingPrecedence")),
        column("DistinguisherMethod", ("flowcontrol.v1.FlowSchemaSpec", "distinguisherMethod")),
        AGE,
        column("MissingPL", "references a broken or non-existent PriorityLevelConfiguration"),
    ),
    order=_precedence,
)
def _flow_schema(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    dangling = condition(obj, "Dangling")
    return [
        obj["metadata"]["name"],
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 0),
        (spec.get("distinguisherMethod") or {}).get("type") or NONE,
        age(obj, now),
        dangling["status"] if dangling else "?",
    ]


_QUEUING = ("queues", "handSize", "queueLengthLimit")


@printer(
    "flowcontrol.apiserver.k8s.io",
    "PriorityLevelConfiguration",
    (
        NAME,
        column("Type", ("flowcontrol.v1.PriorityLevelConfigurationSpec", "type")),
        column("NominalConcurrencyShares", ("flowcontrol.v1.LimitedPriorityLevelConfiguration", "nominalConcurrencyShares")),
        *(column(field[0].upper() + field[1:], ("flowcontrol.v1.QueuingConfiguration", field)) for field in _QUEUING),
        AGE,
    ),
)
def _priority_level(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    limited = spec.get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    return [
        obj["metadata"]["name"],
        spec.get("type", ""),
        limited.get("nominalConcurrencyShares", NONE),
        *(queuing.get(field, NONE) for field in _QUEUING),
        age(obj, now),
    ]
