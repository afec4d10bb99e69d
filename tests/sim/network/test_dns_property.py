"""DNS answers equal the objects: every record of generated worlds, written down one by one, against what the server says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.network.dns import ClusterDns
from k8slab.sim.network.services import ServiceTable
from tests.sim.fakes import FakeClient

DOMAIN = "svc.cluster.local"
PORTS = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]

_endpoint = st.fixed_dictionaries(
    {"number": st.integers(2, 9), "ready": st.booleans(), "hostname": st.sampled_from(["", "", "db-0", "db-1"])}
)
_service = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["web", "db", "x"]),
        "namespace": st.sampled_from(["chat", "ops"]),
        "kind": st.sampled_from(["ClusterIP", "headless", "ExternalName"]),
        "eager": st.booleans(),
        "ports": st.lists(st.sampled_from(PORTS), max_size=2, unique_by=lambda p: p["name"]),
        "endpoints": st.lists(_endpoint, max_size=4, unique_by=lambda e: e["number"]),
        "target": st.sampled_from(["example.org", f"web.chat.{DOMAIN}", f"db.ops.{DOMAIN}"]),
    }
)
_world = st.lists(_service, max_size=5, unique_by=lambda s: (s["name"], s["namespace"]))


def objects(number, wanted):
    meta = {"name": wanted["name"], "namespace": wanted["namespace"]}
    spec = {"ports": wanted["ports"], "clusterIP": f"10.96.0.{number + 20}", "publishNotReadyAddresses": wanted["eager"]}
    if wanted["kind"] == "headless":
        spec["clusterIP"] = "None"
    if wanted["kind"] == "ExternalName":
        spec = {"type": "ExternalName", "externalName": wanted["target"]}
    endpoints = [
        {"addresses": [f"10.244.0.{e['number']}"], "conditions": {"ready": e["ready"]}, "hostname": e["hostname"] or None}
        for e in wanted["endpoints"]
    ]
    piece = {"metadata": {**meta, "name": f"{wanted['name']}-1", "labels": {"kubernetes.io/service-name": wanted["name"]}}}
    return {"metadata": meta, "spec": spec}, {**piece, "ports": wanted["ports"], "endpoints": endpoints}


def records(world):
    """Return every record there is: name -> {(type, value)}."""
    found: dict[str, set[tuple[str, str]]] = {}
    for number, service in enumerate(world):
        base = f"{service['name']}.{service['namespace']}.{DOMAIN}"
        if service["kind"] == "ClusterIP":
            ip = f"10.96.0.{number + 20}"
            found[base] = {("A", ip)}
            found[".".join(reversed(ip.split("."))) + ".in-addr.arpa"] = {("PTR", base)}
            for port in service["ports"]:
                found[f"_{port['name']}._{port['protocol'].lower()}.{base}"] = {("SRV", f"0 100 {port['port']} {base}")}
        if service["kind"] == "headless":
            shown = [e for e in service["endpoints"] if (e["ready"] or service["eager"])]
            for end in shown:
                ip = f"10.244.0.{end['number']}"
                label = end["hostname"] or ip.replace(".", "-")
                found.setdefault(base, set()).add(("A", ip))
                found.setdefault(f"{label}.{base}", set()).add(("A", ip))
                for port in service["ports"]:
                    name = f"_{port['name']}._{port['protocol'].lower()}.{base}"
                    found.setdefault(name, set()).add(("SRV", f"0 100 {port['port']} {label}.{base}"))
    for service in world:
        if service["kind"] == "ExternalName":
            base = f"{service['name']}.{service['namespace']}.{DOMAIN}"
            behind = {r for r in found.get(service["target"], ()) if r[0] == "A"}
            found[base] = {("CNAME", service["target"]), *behind}
    return found


def server(world):
    kernel = Kernel(Clock("stepped"), seed=1)
    client = FakeClient(kernel)
    table = ServiceTable(client)
    client.informer("services").subscribe(table.service_changed)
    for number, wanted in enumerate(world):
        service, piece = objects(number, wanted)
        client.create("services", service)
        client.create("endpointslices.discovery.k8s.io", piece)
    kernel.run_ready()
    return ClusterDns(table)


def chained(world):
    """Whether an ExternalName leads to another one: CoreDNS follows those too, one after the other."""
    names = {f"{s['name']}.{s['namespace']}.{DOMAIN}" for s in world if s["kind"] == "ExternalName"}
    return any(s["target"] in names for s in world if s["kind"] == "ExternalName")


@settings(max_examples=150, deadline=None)
@given(_world)
def test_every_record_is_served_and_nothing_else(world):
    if chained(world):
        return
    dns, known = server(world), records(world)
    asked = set(known) | {f"{n}.{ns}.{DOMAIN}" for n in ("web", "db", "x", "nope") for ns in ("chat", "ops", "else")}
    asked |= {f"db-0.db.ops.{DOMAIN}", f"10-244-0-3.web.chat.{DOMAIN}", f"_http._tcp.web.chat.{DOMAIN}", "example.org"}
    for name in asked:
        type = "PTR" if name.endswith("arpa") else "SRV" if name.startswith("_") else "A"
        answer = dns.query(name, type)
        assert {(r.type, r.value) for r in answer.records} == known.get(name, set()), name
        assert answer.rcode == ("NOERROR" if name in known else "NXDOMAIN"), name
