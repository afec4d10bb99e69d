"""Hashes in object names: ``pod-template-hash`` and the like.

Upstream: k8s.io/kubernetes/pkg/controller (ComputeHash) and k8s.io/apimachinery/pkg/util/rand (SafeEncodeString).
FNV-1a over a canonical JSON text instead of Go's dump of the struct: the same alphabet and length, other letters.
"""

import json

from k8slab.apimachinery.types import Object

__all__ = ["SAFE_ALPHABET", "fnv32a", "safe_encode", "template_hash"]

SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  #: no vowels and no digits that look like one: no words by accident


def fnv32a(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash.

    >>> hex(fnv32a(b"hello"))
    '0x4f9f2cab'
    """
    result = 0x811C9DC5
    for byte in data:
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def safe_encode(text: str) -> str:
    """Map each character into the safe alphabet.

    >>> safe_encode("12345")
    '56789'
    """
    return "".join(SAFE_ALPHABET[ord(c) % len(SAFE_ALPHABET)] for c in text)


def template_hash(template: Object, collisions: int = 0) -> str:
    """Return the hash of a pod template; each collision gives another one."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return safe_encode(str(fnv32a(f"{text}{collisions or ''}".encode())))
