"""The notation of the bootstrap tables.

A rule is (verbs, API groups, resources) or (verbs, API groups, resources, resource names), each a text of words; the core
group is written ``core``; a rule for paths has no group and resources that begin with a slash.
"""

__all__ = ["EVENTS", "READ", "READ_UPDATE", "READ_WRITE", "WRITE", "Rule", "Rules"]

Rule = tuple[str, str, str] | tuple[str, str, str, str]
Rules = list[Rule]

READ = "get list watch"
WRITE = "create update patch delete deletecollection"
READ_WRITE = f"{READ} {WRITE}"
READ_UPDATE = f"{READ} update patch"
EVENTS: Rule = ("create update patch", "core events.k8s.io", "events")
