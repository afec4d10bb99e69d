"""A request's user comes from its certificate, else from its token; without either it is anonymous."""

import pytest

from k8slab.sim.apiserver.authentication import ANONYMOUS, Authenticator
from k8slab.sim.apiserver.errors import StatusError

CERTIFICATE = {"subject": ((("organizationName", "dev"),), (("organizationName", "ops"),), (("commonName", "jane"),))}


@pytest.fixture
def authenticator(tokens):
    return Authenticator(tokens)


def test_nobody_in_particular(authenticator):
    assert authenticator.authenticate("") == ANONYMOUS
    assert authenticator.authenticate("Basic amFuZTpzZWNyZXQ=") == ANONYMOUS


def test_the_certificates_subject_is_the_user_and_its_organizations_are_the_groups(authenticator):
    user = authenticator.authenticate("", CERTIFICATE)
    assert (user.name, user.groups) == ("jane", ("dev", "ops", "system:authenticated"))


def test_a_certificate_comes_before_a_token(authenticator):
    assert authenticator.authenticate("Bearer nonsense", CERTIFICATE).name == "jane"


def test_a_bearer_token(authenticator, tokens):
    token = tokens.request("chat", "web", {})["status"]["token"]
    assert authenticator.authenticate(f"Bearer {token}").name == "system:serviceaccount:chat:web"


def test_a_bad_token_is_401(authenticator):
    with pytest.raises(StatusError) as caught:
        authenticator.authenticate("Bearer nonsense")
    assert caught.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }
