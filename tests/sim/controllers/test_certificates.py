"""Approved certificate requests are signed; old ones are cleared away."""

from base64 import b64decode, b64encode

import pytest

from k8slab.apimachinery.timestamps import rfc3339
from k8slab.sim.controllers.certificate_signing import CertificateSigner
from tests.sim.controllers.world import World, conditions

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
CLIENT = "kubernetes.io/kube-apiserver-client"


def sign(request, seconds, server):
    if request == b"broken":
        raise ValueError("cannot be parsed")
    return b"%s for %d s" % (request, seconds)


@pytest.fixture
def world():
    return World(CertificateSigner, sign=sign)


def ask(world, signer=CLIENT, usages=("client auth", "digital signature"), request=b"anna", **more):
    spec = {"signerName": signer, "usages": list(usages), "request": b64encode(request).decode(), **more}
    world.client.create(REQUESTS, {"metadata": {"name": "r"}, "spec": spec})
    world.settled()


def decide(world, decision="Approved"):
    request = world.get(REQUESTS, "r")
    verdict = {"type": decision, "status": "True", "lastUpdateTime": rfc3339(world.kernel.now())}
    world.client.update(REQUESTS, {**request, "status": {"conditions": [verdict]}}, "status")
    world.settled()


def certificate(world):
    return b64decode(world.get(REQUESTS, "r").get("status", {}).get("certificate", ""))


def test_nothing_is_signed_before_it_is_approved(world):
    ask(world)
    assert certificate(world) == b""
    decide(world)
    assert certificate(world) == b"anna for 31536000 s"


def test_the_request_may_ask_for_less_time(world):
    ask(world, expirationSeconds=3600)
    decide(world)
    assert certificate(world) == b"anna for 3600 s"


def test_a_denied_request_gets_nothing(world):
    ask(world)
    decide(world, "Denied")
    assert certificate(world) == b""


@pytest.mark.parametrize("trouble", [{"usages": ["server auth"]}, {"usages": ["client auth", "any"]}, {"request": b"broken"}])
def test_what_cannot_be_signed_fails(world, trouble):
    ask(world, **trouble)
    decide(world)
    assert certificate(world) == b""
    assert conditions(world.get(REQUESTS, "r"))["Failed"] == ("True", "SignerValidationFailure")


def test_other_signers_are_somebody_elses(world):
    ask(world, signer="example.com/mine", usages=["any"])
    decide(world)
    assert set(conditions(world.get(REQUESTS, "r"))) == {"Approved"}


def test_old_requests_are_cleared_away(world):
    ask(world)
    world.settled(seconds=86000)
    assert world.get(REQUESTS, "r") is not None
    decide(world)
    world.settled(seconds=3500)
    assert world.get(REQUESTS, "r") is not None
    world.settled(seconds=200)
    assert world.get(REQUESTS, "r") is None
