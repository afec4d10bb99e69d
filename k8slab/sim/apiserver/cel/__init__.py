"""The Common Expression Language as Kubernetes speaks it (upstream: k8s.io/apiserver/pkg/cel).

The language itself is a library (common-expression-language); `library` adds the functions of Kubernetes, `program` the
errors in the words of cel-go. Simplified: there is no type checker, so what upstream refuses when a rule is written may fail
when it is evaluated, and there is no cost budget. Rules with parts that are not here (`NOT_HERE`) are stored, announced and
not evaluated.
"""

from k8slab.sim.apiserver.cel.program import BadExpression, EvaluationError, NotHere, compiled

__all__ = ["BadExpression", "EvaluationError", "NotHere", "compiled"]
