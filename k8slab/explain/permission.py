"""A question about a permission in words, and the commands that ask kubectl the same or make the smallest grant."""

from dataclasses import dataclass

from k8slab.explain.question import May
from k8slab.explain.wording import kubectl
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Attributes
from k8slab.sim.apiserver.authorization.rbac import Policy

__all__ = ["Case", "as_sentence", "can_i", "smallest_grant"]


@dataclass(frozen=True)
class Case:
    """A question with what it takes to answer it."""

    asked: May
    user: UserInfo
    policy: Policy
    attributes: Attributes

    @property
    def what(self) -> str:
        """What is to be done, as kubectl says it: ``get pods/log``."""
        asked = self.asked
        sub = f"/{asked.subresource}" if asked.subresource else ""
        group = f".{asked.group}" if asked.group not in ("", "*") else ""
        thing = asked.path or f"{asked.resource}{group}{sub}" + (f" {asked.name!r}" if asked.name else "")
        return f"{asked.verb} {thing}"

    @property
    def where(self) -> str:
        """Where it is to be done."""
        if self.asked.path:
            return ""
        return f" in namespace {self.asked.namespace}" if self.asked.namespace else " in the whole cluster"

    @property
    def who(self) -> str:
        """Who, in words."""
        parts = self.user.name.split(":")
        if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
            return f"serviceaccount/{parts[3]} (namespace {parts[2]})"
        return f"user {self.user.name!r}" if self.user.name else f"group {self.user.groups[0]!r}"

    @property
    def subject(self) -> str:
        """Who, as a label: ``serviceaccount/web``, ``user/jane``, ``group/dev``."""
        parts = self.user.name.split(":")
        if len(parts) == 4 and parts[1] == "serviceaccount":
            return f"serviceaccount/{parts[3]}"
        return f"user/{self.user.name}" if self.user.name else f"group/{self.user.groups[0]}"


def can_i(case: Case) -> str:
    """Return the kubectl command that asks the cluster itself."""
    asked = case.asked
    thing = asked.path or f"{asked.resource}{'.' + asked.group if asked.group not in ('', '*') else ''}"
    name = f"/{asked.name}" if asked.name else ""
    sub = f" --subresource={asked.subresource}" if asked.subresource else ""
    as_whom = "" if asked.who == "self" else f" --as={case.user.name or 'nobody'}"
    if not case.user.name:
        as_whom += f" --as-group={case.user.groups[0]}"
    return kubectl(f"auth can-i {asked.verb} {thing}{name}{sub}{as_whom}", asked.namespace)


def as_sentence(words: str) -> str:
    """Return words with a capital at the beginning."""
    return words[0].upper() + words[1:]


def smallest_grant(case: Case) -> str:
    """Return the commands for the smallest grant: one verb on one resource, in one namespace."""
    asked, user = case.asked, case.user
    parts = [asked.verb, asked.resource or "url", *([asked.subresource] if asked.subresource else [])]
    name = "-".join(parts).replace("*", "all")
    resource = f"{asked.resource}{'.' + asked.group if asked.group not in ('', '*') else ''}"
    resource += f"/{asked.subresource}" if asked.subresource else ""
    only = f" --resource-name={asked.name}" if asked.name else ""
    parts = user.name.split(":")
    if len(parts) == 4 and parts[1] == "serviceaccount":
        whom = f"--serviceaccount={parts[2]}:{parts[3]}"
    else:
        whom = f"--user={user.name}" if user.name else f"--group={user.groups[0]}"
    if asked.path or not asked.namespace:
        what = f"--non-resource-url={asked.path}" if asked.path else f"--resource={resource}{only}"
        return (f"the smallest grant is: kubectl create clusterrole {name} --verb={asked.verb} {what}; "
                f"kubectl create clusterrolebinding {name} --clusterrole={name} {whom}")  # fmt: skip
    where = f" -n {asked.namespace}"
    return (f"the smallest grant is: kubectl create role {name} --verb={asked.verb} --resource={resource}{only}{where}; "
            f"kubectl create rolebinding {name} --role={name} {whom}{where}")  # fmt: skip
