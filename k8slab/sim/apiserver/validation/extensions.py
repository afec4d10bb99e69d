"""CustomResourceDefinitions, webhook configurations, certificate requests and access reviews.

Upstream: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation, pkg/apis/admissionregistration/validation,
pkg/apis/certificates/validation, pkg/apis/authorization/validation.
Simplified: of a webhook its rules are not looked at.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import GoLiteral
from k8slab.sim.apiserver.names import dns1035_label, dns1123_label, dns1123_subdomain
from k8slab.sim.apiserver.validation.definition_schemas import root_schema_errors
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    immutable,
    invalid,
    invalid_each,
    missing,
    not_supported,
    required,
)
from k8slab.sim.apiserver.validation.rules import rules_errors
from k8slab.sim.apiserver.validation.selectors import label_selector_errors

__all__ = ["access_review_errors", "csr_errors", "definition_errors", "definition_update_errors", "webhooks_errors"]

_SCOPES = ("Cluster", "Namespaced")
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_NO_STORED = GoLiteral("null")


def definition_errors(definition: Object) -> Errors:
    """Check a CustomResourceDefinition, its metadata included where the name depends on the spec."""
    spec, meta = definition.get("spec") or {}, definition["metadata"]
    names, group = spec.get("names") or {}, spec.get("group", "")
    plural = names.get("plural", "")
    errors: Errors = []
    if meta.get("name") != f"{plural}.{group}":
        errors.append(invalid("metadata.name", meta.get("name", ""), 'must be spec.names.plural+"."+spec.group'))
    errors += _group_errors(group) + _scope_errors(spec.get("scope", ""))
    errors += _versions_errors(spec.get("versions") or []) + _names_errors(names, "spec.names")
    errors += _conversion_errors(spec.get("conversion") or {}, "spec.conversion")
    if spec.get("preserveUnknownFields"):
        detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        errors.append(invalid("spec.preserveUnknownFields", True, detail))
    stored = (definition.get("status") or {}).get("storedVersions") or []
    known = {version.get("name") for version in spec.get("versions") or ()}
    if not stored:
        errors.append(invalid("status.storedVersions", _NO_STORED, "must have at least one stored version"))
    errors += [
        invalid(f"status.storedVersions[{i}]", name, "must appear in spec.versions")
        for i, name in enumerate(stored)
        if name not in known
    ]
    return errors


def _conversion_errors(conversion: Object, path: str) -> Errors:
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook") or {}
    if strategy not in (None, "None", "Webhook"):
        return [not_supported(f"{path}.strategy", strategy, ("None", "Webhook"))]
    errors: Errors = []
    if strategy == "Webhook":
        if webhook.get("clientConfig") is None:
            errors.append(required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook"))
        if not webhook.get("conversionReviewVersions"):
            errors.append(required(f"{path}.conversionReviewVersions"))
    return errors


def _group_errors(group: str) -> Errors:
    if not group:
        return [required("spec.group")]
    if dns1123_subdomain(group):
        return invalid_each("spec.group", group, dns1123_subdomain(group))
    return [] if "." in group else [invalid("spec.group", group, "should be a domain with at least one dot")]


def _scope_errors(scope: str) -> Errors:
    if scope in _SCOPES:
        return []
    return [not_supported("spec.scope", scope, _SCOPES) if scope else required("spec.scope")]


def _names_errors(names: Object, path: str) -> Errors:
    errors: Errors = []
    for field in ("plural", "singular", "kind", "listKind"):
        value = names.get(field, "")
        shown = value if field in ("plural", "singular") else value.lower()
        if not value:
            errors.append(required(f"{path}.{field}"))
        elif dns1035_label(shown):
            complaints = (f"may have mixed case, but should otherwise match: {one}" for one in dns1035_label(shown))
            errors += invalid_each(f"{path}.{field}", value, complaints if shown != value else dns1035_label(shown))
    for field in ("shortNames", "categories"):
        for i, value in enumerate(names.get(field) or ()):
            errors += invalid_each(f"{path}.{field}[{i}]", value, dns1035_label(value))
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        errors.append(invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same"))
    return errors


def _versions_errors(versions: list[Object]) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for i, version in enumerate(versions):
        path = f"spec.versions[{i}]"
        name = version.get("name", "")
        complaints = dns1035_label(name)
        errors += invalid_each(f"{path}.name", name, complaints)
        if name in seen:
            errors.append(invalid("spec.versions", versions, "must contain unique version names"))
        seen.add(name)
        errors += _version_errors(version, path)
    storage = sum(bool(version.get("storage")) for version in versions)
    if storage != 1:
        detail = "must have exactly one version marked as storage version"
        errors.append(invalid("spec.versions", missing(versions or None), detail))
    return errors


def _version_errors(version: Object, path: str) -> Errors:
    errors: Errors = []
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        errors.append(required(f"{path}.schema.openAPIV3Schema", "schemas are required"))
    else:
        problems = root_schema_errors(schema, f"{path}.schema.openAPIV3Schema")
        errors += problems or rules_errors(schema, f"{path}.schema.openAPIV3Schema")
    for i, column in enumerate(version.get("additionalPrinterColumns") or ()):
        at = f"{path}.additionalPrinterColumns[{i}]"
        errors += [required(f"{at}.{field}") for field in ("name", "jsonPath") if not column.get(field)]
        if column.get("type") not in _COLUMN_TYPES:
            field = f"{at}.type"
            kind = column.get("type")
            errors.append(not_supported(field, kind, _COLUMN_TYPES) if kind else required(field))
    for i, one in enumerate(version.get("selectableFields") or ()):
        errors += _selectable_errors(schema or {}, one.get("jsonPath", ""), f"{path}.selectableFields[{i}].jsonPath")
    scale = (version.get("subresources") or {}).get("scale")
    if scale is not None:
        at = f"{path}.subresources.scale"
        for field, prefix in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
            value = scale.get(field, "")
            if not value:
                errors.append(required(f"{at}.{field}"))
            elif not value.startswith(f"{prefix}."):
                errors.append(invalid(f"{at}.{field}", value, f"should be a json path under {prefix}"))
    return errors


def _selectable_errors(schema: Object, json_path: str, path: str) -> Errors:
    """A field to select by is one value of the schema, outside of metadata."""
    if not json_path:
        return [required(path)]
    names = json_path.removeprefix(".").split(".")
    if not json_path.startswith(".") or names[0] == "metadata":
        return [invalid(path, json_path, "is an invalid path: must not reference metadata")]
    found: Object | None = schema
    for name in names:
        found = ((found or {}).get("properties") or {}).get(name)
    if found is None:
        return [invalid(path, json_path, "is an invalid path: does not refer to a valid field")]
    if found.get("type") not in ("string", "boolean", "integer"):
        detail = (
            "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
        )
        return [invalid(path, json_path, detail)]
    return []


def definition_update_errors(new: Object, old: Object) -> Errors:
    """Check an update of a CRD: what stored objects hang on stays."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    errors = definition_errors(new)
    established = any(
        c.get("type") == "Established" and c.get("status") == "True" for c in (old.get("status") or {}).get("conditions") or ()
    )
    if established:
        errors += immutable(spec.get("scope"), before.get("scope"), "spec.scope")
        errors += immutable(_name(spec, "kind"), _name(before, "kind"), "spec.names.kind")
    errors += immutable(spec.get("group"), before.get("group"), "spec.group")
    return errors + immutable(_name(spec, "plural"), _name(before, "plural"), "spec.names.plural")


def _name(spec: Object, which: str) -> str:
    name: str = (spec.get("names") or {}).get(which, "")
    return name


def webhooks_errors(configuration: Object) -> Errors:
    """Check a Validating- or MutatingWebhookConfiguration, its metadata aside."""
    errors: Errors = []
    seen: set[str] = set()
    for i, hook in enumerate(configuration.get("webhooks") or ()):
        path = f"webhooks[{i}]"
        name = hook.get("name", "")
        if not name:
            errors.append(required(f"{path}.name"))
        elif dns1123_subdomain(name):
            errors += invalid_each(f"{path}.name", name, dns1123_subdomain(name))
        elif name.count(".") < 2:
            detail = "should be a domain with at least three segments separated by dots"
            errors.append(invalid(f"{path}.name", name, detail))
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
        errors += _webhook_errors(hook, path)
    return errors


def _webhook_errors(hook: Object, path: str) -> Errors:
    errors: Errors = []
    for field, supported in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        if hook.get(field) is not None and hook[field] not in supported:
            errors.append(not_supported(f"{path}.{field}", hook[field], supported))
    effects = hook.get("sideEffects")
    if effects not in ("None", "NoneOnDryRun"):
        field = f"{path}.sideEffects"
        errors.append(not_supported(field, effects, ("None", "NoneOnDryRun")) if effects else
                      required(field, "must specify one of None, NoneOnDryRun"))  # fmt: skip
    if not hook.get("admissionReviewVersions"):
        detail = "must specify one of v1, v1beta1"
        errors.append(required(f"{path}.admissionReviewVersions", detail))
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= 30:
        errors.append(invalid(f"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds"))
    for name in ("namespaceSelector", "objectSelector"):
        errors += label_selector_errors(hook.get(name), f"{path}.{name}")
    client = hook.get("clientConfig") or {}
    if ("url" in client) == ("service" in client):
        errors.append(required(f"{path}.clientConfig", "exactly one of url or service is required"))
    elif "service" in client:
        at = f"{path}.clientConfig.service"
        service = client["service"]
        errors += [required(f"{at}.{f}", f"service {f} is required") for f in ("name", "namespace") if not service.get(f)]
    elif not client["url"].startswith("https://"):
        scheme = client["url"].partition("://")[0]
        errors.append(invalid(f"{path}.clientConfig.url", scheme, "'https' is the only allowed URL scheme"))
    return errors


def csr_errors(request: Object) -> Errors:
    """Check a CertificateSigningRequest, its metadata aside."""
    import base64
    import binascii

    spec = request.get("spec") or {}
    errors: Errors = []
    try:
        text = base64.b64decode(spec.get("request") or "", validate=True)
    except binascii.Error:
        text = b""
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in text:
        shown = spec.get("request", "")
        errors.append(invalid("spec.request", shown, "PEM block type must be CERTIFICATE REQUEST"))
    usages = spec.get("usages") or []
    if not usages:
        errors.append(required("spec.usages", "usages is required"))
    errors += [duplicate(f"spec.usages[{i}]", one) for i, one in enumerate(usages) if one in usages[:i]]
    signer = spec.get("signerName", "")
    domain, slash, name = signer.partition("/")
    if not signer:
        errors.append(required("spec.signerName", ""))
    elif not (slash and name):
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        errors.append(invalid("spec.signerName", signer, detail))
    else:
        for label in domain.split("."):
            complaints = (f"validating label {label!r}: {one}" for one in dns1123_label(label))
            errors += invalid_each("spec.signerName", signer, complaints)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < 600:
        errors.append(invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 600 seconds (10 minutes)"))
    return errors


def access_review_errors(review: Object) -> Errors:
    """Check a SubjectAccessReview, SelfSubjectAccessReview or LocalSubjectAccessReview."""
    spec = review.get("spec") or {}
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    path = "spec.resourceAttributes"
    errors: Errors = []
    if resource is not None and other is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        errors.append(invalid("spec.nonResourceAttributes", other, detail))
    if resource is None and other is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(invalid(path, None, detail))
    if review.get("kind") != "SelfSubjectAccessReview" and not spec.get("user") and not spec.get("groups"):
        errors.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    return errors
