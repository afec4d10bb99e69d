"""The parts of a Job that decide about failure and success: podFailurePolicy, successPolicy, the limits of indexes.

Upstream: pkg/apis/batch/validation (validatePodFailurePolicy, validateSuccessPolicy, validateIndexesFormat).
"""

import re

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import OMITTED
from k8slab.sim.apiserver.names import domain_prefixed_path, label_key
from k8slab.sim.apiserver.validation.fields import (
    Errors,
    duplicate,
    invalid,
    invalid_each,
    missing,
    nonnegative,
    not_supported,
    required,
    too_long,
    too_many,
)

__all__ = ["index_limit_errors", "managed_by_errors", "policy_errors"]

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_REPLACEMENT = ("Failed", "TerminatingOrFailed")
_MOST_RULES, _MOST_CODES, _MOST_CONDITIONS = 20, 255, 20
_MOST_INDEXES, _MANY, _FEW = 100_000, 100_000, 10_000


def managed_by_errors(manager: str | None, path: str) -> Errors:
    """Check who looks after a Job instead of the Job controller."""
    if manager is None:
        return []
    errors = invalid_each(path, manager, domain_prefixed_path(manager)) if manager else [required(path)]
    return errors + ([too_long(path, 63)] if len(manager) > 63 else [])


def index_limit_errors(spec: Object, path: str) -> Errors:
    """Check completions, parallelism and maxFailedIndexes of an Indexed Job."""
    completions, parallelism, most = spec.get("completions"), spec.get("parallelism", 0), spec.get("maxFailedIndexes")
    errors: Errors = []
    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if parallelism > _MOST_INDEXES:
        detail = f"must be less than or equal to {_MOST_INDEXES} when completion mode is Indexed"
        errors.append(invalid(f"{path}.parallelism", parallelism, detail))
    if completions is not None and most is not None and most > completions:
        errors.append(invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions"))
    if most is not None and most > _MOST_INDEXES:
        errors.append(invalid(f"{path}.maxFailedIndexes", most, f"must be less than or equal to {_MOST_INDEXES}"))
    if completions is not None and completions > _MANY and spec.get("backoffLimitPerIndex") is not None:
        errors += _high_completions_errors(parallelism, most, path)
    return errors


def _high_completions_errors(parallelism: int, most: int | None, path: str) -> Errors:
    detail = f"must be less than or equal to {_FEW} when completions are above {_MANY} and used with backoff limit per index"
    errors: Errors = []
    if most is None:
        errors.append(required(f"{path}.maxFailedIndexes", f"must be specified when completions is above {_MANY}"))
    if parallelism > _FEW:
        errors.append(invalid(f"{path}.parallelism", parallelism, detail))
    if most is not None and most > _FEW:
        errors.append(invalid(f"{path}.maxFailedIndexes", most, detail))
    return errors


def policy_errors(spec: Object, path: str) -> Errors:
    """Check podFailurePolicy, successPolicy and podReplacementPolicy."""
    errors: Errors = []
    failure, success, replacement = spec.get("podFailurePolicy"), spec.get("successPolicy"), spec.get("podReplacementPolicy")
    if failure is not None:
        errors += _failure_policy_errors(spec, failure.get("rules") or [], f"{path}.podFailurePolicy.rules")
    if success is not None and spec.get("completionMode") != "Indexed":
        errors.append(invalid(f"{path}.successPolicy", success, "requires indexed completion mode"))
    elif success is not None:
        errors += _success_policy_errors(spec, success.get("rules") or [], f"{path}.successPolicy.rules")
    allowed = _REPLACEMENT if failure is None else ("Failed",)
    if replacement is not None and replacement not in allowed:
        errors.append(not_supported(f"{path}.podReplacementPolicy", replacement, allowed))
    return errors


def _failure_policy_errors(spec: Object, rules: list[Object], path: str) -> Errors:
    errors = [too_many(path, len(rules), _MOST_RULES)] if len(rules) > _MOST_RULES else []
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {c.get("name") for kind in ("containers", "initContainers") for c in pod.get(kind) or ()}
    for i, rule in enumerate(rules):
        errors += _failure_rule_errors(spec, rule, f"{path}[{i}]", names)
    return errors


def _failure_rule_errors(spec: Object, rule: Object, path: str, names: set[str]) -> Errors:
    action, codes, conditions = rule.get("action"), rule.get("onExitCodes"), rule.get("onPodConditions") or []
    errors = _choice(action, _ACTIONS, f"{path}.action")
    if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        errors.append(invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    if codes is not None:
        errors += _exit_code_errors(codes, f"{path}.onExitCodes", names)
    if len(conditions) > _MOST_CONDITIONS:
        errors.append(too_many(f"{path}.onPodConditions", len(conditions), _MOST_CONDITIONS))
    for i, pattern in enumerate(conditions):
        at, type = f"{path}.onPodConditions[{i}]", pattern.get("type", "")
        errors += invalid_each(f"{at}.type", type, label_key(type)) + _choice(pattern.get("status"), _STATUSES, f"{at}.status")
    if codes is not None and conditions:
        errors.append(invalid(path, OMITTED, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        errors.append(invalid(path, OMITTED, "specifying one of OnExitCodes and OnPodConditions is required"))
    return errors


def _choice(value: str | None, known: tuple[str, ...], path: str) -> Errors:
    if not value:
        listed = " ".join(f'"{one}"' for one in known)
        return [required(path, f"valid values: [{listed}]")]
    return [] if value in known else [not_supported(path, value, known)]


def _exit_code_errors(wanted: Object, path: str, names: set[str]) -> Errors:
    operator, container, values = wanted.get("operator"), wanted.get("containerName"), wanted.get("values") or []
    errors = _choice(operator, _OPERATORS, f"{path}.operator")
    if container is not None and container not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        errors.append(invalid(f"{path}.containerName", container, detail))
    if not values:
        errors.append(invalid(f"{path}.values", missing(wanted.get("values")), "at least one value is required"))
    elif len(values) > _MOST_CODES:
        errors.append(too_many(f"{path}.values", len(values), _MOST_CODES))
    for i, code in enumerate(values):
        if operator == "In" and code == 0:
            errors.append(invalid(f"{path}.values[{i}]", code, "must not be 0 for the In operator"))
        if code in values[:i]:
            errors.append(duplicate(f"{path}.values[{i}]", code))
    if values != sorted(values):
        errors.append(invalid(f"{path}.values", values, "must be ordered"))
    return errors


def _success_policy_errors(spec: Object, rules: list[Object], path: str) -> Errors:
    if not rules:
        return [required(path, "at least one rules must be specified when the successPolicy is specified")]
    errors = [too_many(path, len(rules), _MOST_RULES)] if len(rules) > _MOST_RULES else []
    for i, rule in enumerate(rules):
        errors += _success_rule_errors(spec.get("completions") or 0, rule, f"{path}[{i}]")
    return errors


def _success_rule_errors(completions: int, rule: Object, path: str) -> Errors:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        return [required(path, "at least one of succeededCount or succeededIndexes must be specified")]
    errors: Errors = []
    total = 0
    if indexes is not None:
        total, problem = _count_indexes(indexes, completions)
        if problem:
            errors.append(invalid(f"{path}.succeededIndexes", indexes, f"error parsing succeededIndexes: {problem}"))
    if count is not None:
        at = f"{path}.succeededCount"
        errors += nonnegative(count, at)
        if count > completions:
            detail = f"must be less than or equal to {completions} (the number of specified completions)"
            errors.append(invalid(at, count, detail))
        if indexes is not None and count > total:
            detail = f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
            errors.append(invalid(at, count, detail))
    return errors


def _count_indexes(text: str, completions: int) -> tuple[int, str]:
    """Return how many indexes "0-2,5" names, and what is wrong with it.

    >>> _count_indexes("0-2,5", 9), _count_indexes("3,1", 9)
    ((4, ''), (0, 'non-increasing order, previous: 3, current: 1'))
    """
    total, last = 0, -1
    for part in text.split(",") if text else ():
        limits = part.split("-")
        if len(limits) > 2:
            rule = "violates the requirement that an index interval can have at most two parts separated by '-'"
            return 0, f'the fragment "{part}" {rule}'
        for limit in limits:
            if not re.fullmatch(r"[+-]?[0-9]+", limit):
                return 0, f'cannot convert string to integer for index: "{limit}"'
            if int(limit) >= completions:
                return 0, f'too large index: "{limit}"'
        first, end = int(limits[0]), int(limits[-1])
        if len(limits) == 2 and first >= end:
            return 0, f"non-increasing order, previous: {first}, current: {end}"
        if last >= first:
            return 0, f"non-increasing order, previous: {last}, current: {first}"
        total, last = total + end - first + 1, end
    return total, ""
