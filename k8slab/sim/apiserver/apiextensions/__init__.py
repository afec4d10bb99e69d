"""Custom resources: what apiextensions-apiserver adds to the kinds that are built in.

`definitions` follows the CustomResourceDefinitions and keeps the `Scheme` up to date; `structural` fills in the defaults of a
custom resource and checks it against its schema, `rules` against the rules in CEL. Pruning is the decoder's
(`schema.schema_from_openapi`).

Upstream: k8s.io/apiextensions-apiserver. Simplified: the only conversion strategy is None.
"""
