"""Makes `tests/explain/situations/*.yaml`: faults that really happen on the embedded cluster, with the objects they leave.

Each area is a list of `Situation`: what is asked, the right answer, and the steps that bring it about on a seeded cluster with
a stepped clock. Where the embedded cluster cannot have a fault (a cloud's load balancer, a registry's refusal), a step rewrites
the objects afterwards into the shape that a real cluster shows. ``python -m tests.explain.produce`` writes all files anew.
"""
