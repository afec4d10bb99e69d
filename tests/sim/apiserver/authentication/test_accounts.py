"""ServiceAccount tokens are good for as long as everything they name is."""

import jwt
import pytest

from k8slab.sim.apiserver.authentication import ISSUER, InvalidToken
from k8slab.sim.apiserver.authentication.reviews import self_subject_review, token_review
from k8slab.sim.apiserver.errors import StatusError

POD = {"kind": "Pod", "apiVersion": "v1", "name": "web-0", "uid": "pod-uid"}


def _token(tokens, **spec):
    return tokens.request("chat", "web", {"spec": spec})["status"]["token"]


def _claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def _refused(tokens, token, **more):
    with pytest.raises(InvalidToken) as caught:
        tokens.verify(token, **more)
    return str(caught.value)


def test_a_token_is_its_account(tokens):
    user, audiences = tokens.verify(_token(tokens))
    assert (user.name, user.uid, audiences) == ("system:serviceaccount:chat:web", "sa-uid", (ISSUER,))
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:chat", "system:authenticated")
    assert user.extra_value("authentication.kubernetes.io/credential-id").startswith("JTI=")


def test_claims_are_upstreams(tokens, client):
    token = _token(tokens, boundObjectRef=POD, expirationSeconds=600)
    claims, now = _claims(token), int(client.kernel.now())
    assert {key: claims[key] for key in ("aud", "exp", "iat", "nbf", "iss", "sub")} == {
        "aud": [ISSUER],
        "exp": now + 600,
        "iat": now,
        "nbf": now,
        "iss": ISSUER,
        "sub": "system:serviceaccount:chat:web",
    }
    assert claims["kubernetes.io"] == {
        "namespace": "chat",
        "node": {"name": "worker-1", "uid": "node-uid"},
        "pod": {"name": "web-0", "uid": "pod-uid"},
        "serviceaccount": {"name": "web", "uid": "sa-uid"},
    }


def test_a_kubelets_token_lasts_a_year_and_says_when_to_warn(tokens, client):
    answer = tokens.request("chat", "web", {"spec": {"boundObjectRef": POD, "expirationSeconds": 3607}})
    claims, now = _claims(answer["status"]["token"]), int(client.kernel.now())
    assert (claims["exp"] - now, claims["kubernetes.io"]["warnafter"] - now) == (365 * 86400, 3607)
    assert answer["status"]["expirationTimestamp"] == "2026-01-01T01:00:07Z"


def test_a_token_expires_on_the_clusters_clock(tokens, client):
    token = _token(tokens, expirationSeconds=600)
    client.kernel.advance(599)
    tokens.verify(token)
    client.kernel.advance(1)
    assert _refused(tokens, token) == "service account token has expired"


def test_a_bound_token_ends_with_its_pod(tokens, client):
    token = _token(tokens, boundObjectRef=POD)
    assert tokens.verify(token)[0].extra_value("authentication.kubernetes.io/node-name") == "worker-1"
    client.delete("pods", "web-0", "chat", grace_period=0)
    assert _refused(tokens, token) == "service account token has been invalidated"


def test_a_token_ends_with_its_account_even_if_one_of_the_same_name_comes(tokens, client):
    token = _token(tokens)
    client.delete("serviceaccounts", "web", "chat")
    assert _refused(tokens, token) == 'serviceaccounts "web" not found'
    client.create("serviceaccounts", {"metadata": {"name": "web", "namespace": "chat", "uid": "another"}})
    assert _refused(tokens, token) == "service account UID (another) does not match claim (sa-uid)"


def test_a_token_for_somebody_else_is_not_for_the_api_server(tokens):
    token = _token(tokens, audiences=["vault"])
    assert _refused(tokens, token).startswith('token audiences ["vault"] is invalid')
    assert tokens.verify(token, ("vault", "x"))[1] == ("vault",)


def test_a_forged_token_is_refused(tokens, client, keys):
    header, body, _ = _token(tokens).split(".")
    assert _refused(tokens, f"{header}.{body}.AAAA") == "invalid bearer token"
    assert _refused(tokens, jwt.encode({"iss": ISSUER}, None, algorithm="none")) == "invalid bearer token"
    assert _refused(tokens, "nonsense") == "invalid bearer token"
    assert _refused(tokens, jwt.encode({"iss": "elsewhere"}, keys[0], algorithm="ES256")) == "invalid bearer token"


def test_a_token_from_a_secret_lives_as_long_as_the_secret_holds_it(tokens, client):
    from base64 import b64encode

    account = client.get("serviceaccounts", "web", "chat")
    secret = {"kind": "Secret", "metadata": {"name": "web-token", "namespace": "chat"}}
    token = tokens.legacy(account, secret)
    client.add({**secret, "data": {"token": b64encode(token.encode()).decode()}})
    assert tokens.verify(token)[0].name == "system:serviceaccount:chat:web"
    client.patch("secrets", "web-token", "chat", {"data": {"token": ""}})
    assert _refused(tokens, token) == "token does not match server's copy"


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"expirationSeconds": 599}, 422, "may not specify a duration less than 10 minutes"),
        ({"boundObjectRef": {**POD, "name": "gone"}}, 404, 'pods "gone" not found'),
        ({"boundObjectRef": {**POD, "uid": "other"}}, 409, "does not match the UID in record"),
        ({"boundObjectRef": {**POD, "kind": "Service"}}, 400, "cannot bind token to object of type v1, Kind=Service"),
    ],
)
def test_token_requests_that_make_no_sense(tokens, spec, code, text):
    with pytest.raises(StatusError, match=text) as caught:
        tokens.request("chat", "web", {"spec": spec})
    assert caught.value.code == code


def test_a_token_review_tells_whose_token_it_is(tokens):
    status = token_review(tokens, {"spec": {"token": _token(tokens)}})["status"]
    assert (status["authenticated"], status["user"]["username"]) == (True, "system:serviceaccount:chat:web")


def test_a_token_review_of_nonsense(tokens):
    status = token_review(tokens, {"spec": {"token": "nonsense"}})["status"]
    assert status == {"user": {}, "error": "invalid bearer token"}


def test_who_am_i(tokens):
    user, _ = tokens.verify(_token(tokens))
    review = self_subject_review(user, {"kind": "SelfSubjectReview"})
    assert review["status"]["userInfo"]["username"] == "system:serviceaccount:chat:web"
