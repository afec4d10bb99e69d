"""A namespace comes with an account and a CA bundle, and takes everything along when it goes."""

from base64 import b64decode

from k8slab.sim.controllers.namespace import NamespaceController, remaining_conditions
from k8slab.sim.controllers.root_ca import RootCAPublisher
from k8slab.sim.controllers.serviceaccount import ServiceAccountController
from k8slab.sim.controllers.token import ACCOUNT_NAME, ACCOUNT_UID, TOKEN_TYPE, TokenController
from tests.sim.controllers.world import World, conditions, resources


def namespace(world):
    world.client.create("namespaces", {"metadata": {"name": "chat"}, "spec": {"finalizers": ["kubernetes"]}})
    world.settled()


def test_a_new_namespace_gets_the_default_account():
    world = World(ServiceAccountController)
    namespace(world)
    assert world.names("serviceaccounts") == ["default"]
    world.delete("serviceaccounts", "default")
    assert world.names("serviceaccounts") == ["default"]


def test_a_new_namespace_gets_the_ca_bundle_and_keeps_it():
    world = World(RootCAPublisher, ca_pem="PEM")
    namespace(world)
    assert world.get("configmaps", "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"}
    world.client.patch("configmaps", "kube-root-ca.crt", "chat", {"data": {"ca.crt": "forged", "more": "x"}})
    world.settled()
    assert world.get("configmaps", "kube-root-ca.crt")["data"] == {"ca.crt": "PEM"}
    world.delete("configmaps", "kube-root-ca.crt")
    assert world.names("configmaps") == ["kube-root-ca.crt"]


def test_everything_in_a_deleted_namespace_goes():
    world = World(NamespaceController, resources=resources)
    namespace(world)
    for resource in ("configmaps", "secrets", "deployments.apps", "services"):
        world.create(resource, "a", {})
    world.client.delete("namespaces", "chat")
    world.settled(seconds=2)
    assert world.get("namespaces", "chat") is None
    assert world.names("deployments.apps") == []


def test_a_full_namespace_is_emptied_bit_by_bit():
    world = World(NamespaceController, resources=resources)
    namespace(world)
    for number in range(500):
        world.client.create("configmaps", {"metadata": {"name": f"c{number}", "namespace": "chat"}})
    world.client.delete("namespaces", "chat")
    world.settled()
    assert (world.names("configmaps"), world.get("namespaces", "chat")) == ([], None)


def test_pods_go_before_what_they_may_still_need():
    world = World(NamespaceController, resources=resources)
    namespace(world)
    world.create("configmaps", "settings")
    world.create("pods", "web", {"nodeName": "n", "containers": []})
    world.client.delete("namespaces", "chat")
    world.settled(seconds=5)
    assert world.names("configmaps") == ["settings"]
    assert conditions(world.get("namespaces", "chat"))["NamespaceContentRemaining"] == ("True", "SomeResourcesRemain")
    world.stop_pods()
    world.settled(seconds=2)
    assert world.get("namespaces", "chat") is None


def test_a_finalizer_holds_the_namespace_and_is_named():
    world = World(NamespaceController, resources=resources)
    namespace(world)
    world.create("configmaps", "a", metadata={"finalizers": ["example.com/hold"]})
    world.client.delete("namespaces", "chat")
    world.settled(seconds=3)
    held = world.get("namespaces", "chat")["status"]["conditions"]
    texts = {c["type"]: c["message"] for c in held if c["status"] == "True"}
    assert texts == {
        "NamespaceContentRemaining": "Some resources are remaining: configmaps. has 1 resource instances",
        "NamespaceFinalizersRemaining": "Some content in the namespace has finalizers remaining: "
        "example.com/hold in 1 resource instances",
    }
    world.client.patch("configmaps", "a", "chat", {"metadata": {"finalizers": None}})
    world.settled(seconds=2)
    assert world.get("namespaces", "chat") is None


def test_an_empty_terminating_namespace_says_all_is_well():
    found = remaining_conditions({}, {}, [], 0)
    assert [c["status"] for c in found] == ["False"] * 5
    assert found[3]["reason"] == "ContentRemoved"


def token_secret(world, **notes):
    world.create("secrets", "t", type=TOKEN_TYPE, metadata={"annotations": {ACCOUNT_NAME: "bot", **notes}})
    return world.get("secrets", "t")


def tokens():
    return World(TokenController, ca_pem="PEM", sign_token=lambda account, secret: f"token-of-{account['metadata']['name']}")


def test_a_token_secret_is_filled():
    world = tokens()
    account = world.create("serviceaccounts", "bot")
    secret = token_secret(world)
    plain = {k: b64decode(v).decode() for k, v in secret["data"].items()}
    assert plain == {"ca.crt": "PEM", "namespace": "chat", "token": "token-of-bot"}
    assert secret["metadata"]["annotations"][ACCOUNT_UID] == account["metadata"]["uid"]


def test_a_token_secret_without_its_account_is_deleted():
    world = tokens()
    assert token_secret(world) is None
    world.create("serviceaccounts", "bot")
    assert token_secret(world, **{ACCOUNT_UID: "another"}) is None
    token_secret(world)
    world.delete("serviceaccounts", "bot")
    assert world.names("secrets") == []
