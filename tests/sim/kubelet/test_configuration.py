"""Environment variables and volumes: from fields, ConfigMaps, Secrets; and what happens if they are missing."""

import base64

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    world = World()
    world.client.add(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "settings", "namespace": NAMESPACE},
            "data": {"color": "blue", "a.conf": "x=1\n"},
        }
    )
    secret = base64.b64encode(b"hunter2").decode()
    world.client.add({"kind": "Secret", "metadata": {"name": "login", "namespace": NAMESPACE}, "data": {"password": secret}})
    return world


def env_from(kind, name, key=None, **more):
    reference = {"name": name, **more} | ({"key": key} if key else {})
    return {"valueFrom": {kind: reference}}


def running(world, **container):
    return world.shell("box", "sleep 10000", **container)


def test_variables_from_everywhere(world):
    env = [
        {"name": "COLOR", **env_from("configMapKeyRef", "settings", "color")},
        {"name": "PASSWORD", **env_from("secretKeyRef", "login", "password")},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "URL", "value": "http://$(NAME).$(NOPE)/$$(NAME)"},
    ]
    running(world, env=env, resources={"limits": {"cpu": "250m"}})
    assert world.sh("box", "echo $COLOR $PASSWORD $NAME $NODE $IP $LABEL $CPU; echo $URL") == (
        "blue hunter2 box node-0 10.244.0.2 box 250\nhttp://box.$(NOPE)/$(NAME)\n"
    )


def test_arguments_are_expanded_too(world):
    world.pod(
        "box",
        "busybox",
        command=["echo"],
        args=["hello $(WHO)"],
        env=[{"name": "WHO", "value": "you"}],
        spec={"restartPolicy": "Never"},
    )
    assert world.log("box") == "hello you\n"


def test_all_keys_of_a_config_map_with_a_prefix(world):
    running(world, envFrom=[{"configMapRef": {"name": "settings"}, "prefix": "S_"}])
    assert world.sh("box", "echo $S_color") == "blue\n"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"env": [{"name": "X", **env_from("configMapKeyRef", "nope", "k")}]}, 'configmap "nope" not found'),
        (
            {"env": [{"name": "X", **env_from("configMapKeyRef", "settings", "k")}]},
            "couldn't find key k in ConfigMap chat/settings",
        ),
        ({"env": [{"name": "X", **env_from("secretKeyRef", "nope", "k")}]}, 'secret "nope" not found'),
        ({"env": [{"name": "X", **env_from("secretKeyRef", "login", "k")}]}, "couldn't find key k in Secret chat/login"),
        ({"envFrom": [{"configMapRef": {"name": "nope"}}]}, 'configmap "nope" not found'),
    ],
)
def test_a_missing_source_is_a_config_error(world, container, message):
    running(world, **container)
    assert world.state("box")["waiting"] == {"reason": "CreateContainerConfigError", "message": message}
    assert ("Warning", "Failed", f"Error: {message}") in world.client.events()


def test_it_starts_once_the_source_is_there(world):
    running(world, envFrom=[{"configMapRef": {"name": "late"}}])
    world.client.create("configmaps", {"metadata": {"name": "late", "namespace": NAMESPACE}, "data": {"X": "1"}})
    world.kernel.advance(11)
    assert world.sh("box", "echo $X") == "1\n"


def test_optional_sources_may_be_missing(world):
    running(world, env=[{"name": "X", **env_from("configMapKeyRef", "nope", "k", optional=True)}])
    assert world.reason("box") == "Running"


def test_root_is_refused_where_it_must_not_run(world):
    running(world, securityContext={"runAsNonRoot": True})
    waiting = world.state("box")["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert waiting["message"].startswith("container has runAsNonRoot and image will run as root")


def mounted(world, volume, **mount):
    spec = {"volumes": [{"name": "v", **volume}]}
    return running(world, volumeMounts=[{"name": "v", "mountPath": "/v", **mount}], spec=spec)


def test_a_config_map_as_files(world):
    mounted(world, {"configMap": {"name": "settings"}})
    assert world.sh("box", "ls /v; cat /v/a.conf") == "a.conf\ncolor\nx=1\n"


def test_a_secret_as_files_with_chosen_keys_and_modes(world):
    mounted(world, {"secret": {"secretName": "login", "items": [{"key": "password", "path": "deep/pw", "mode": 0o400}]}})
    assert world.sh("box", "cat /v/deep/pw; stat -c %a /v/deep/pw") == "hunter2400\n"


def test_the_downward_api_as_files(world):
    items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]
    mounted(world, {"downwardAPI": {"items": items}})
    assert world.sh("box", "cat /v/labels") == 'app="box"'


def test_a_changed_config_map_shows_within_a_minute_and_a_sub_path_never_changes(world):
    spec = {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]}
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/fixed", "subPath": "color"}]
    running(world, volumeMounts=mounts, spec=spec)
    assert world.sh("box", "cat /v/color /fixed") == "blueblue"
    world.client.patch("configmaps", "settings", NAMESPACE, {"data": {"color": "red"}})
    world.kernel.run_ready()
    assert world.sh("box", "cat /v/color") == "blue"
    world.kernel.advance(61)
    assert world.sh("box", "cat /v/color /fixed") == "redblue"


def test_a_missing_config_map_holds_the_pod_until_it_comes(world):
    mounted(world, {"configMap": {"name": "late"}})
    assert world.reason("box") == "ContainerCreating"
    assert (
        "Warning",
        "FailedMount",
        'MountVolume.SetUp failed for volume "v" : configmap "late" not found',
    ) in world.client.events()
    world.client.create("configmaps", {"metadata": {"name": "late", "namespace": NAMESPACE}, "data": {"k": "v"}})
    world.kernel.advance(5)
    assert world.reason("box") == "Running"


def test_an_empty_dir_is_shared_by_the_containers_of_a_pod_and_survives_their_restart(world):
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    containers = [
        {"name": "a", "image": "busybox", "command": ["sh", "-c", "echo run >> /v/runs; sleep 10; exit 1"], **mount},
        {"name": "b", "image": "busybox", "command": ["sh", "-c", "sleep 1000"], **mount},
    ]
    world.pod("two", spec={"containers": containers, "volumes": [{"name": "v", "emptyDir": {}}]})
    world.kernel.advance(15)
    kubelet = world.kubelets[0]
    assert kubelet._find(NAMESPACE, "two").record.find("b").container.files.read("/v/runs") == b"run\nrun\n"


def test_a_read_only_mount_and_a_read_only_root(world):
    spec = {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "configMap": {"name": "settings"}}]}
    mounts = [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w", "readOnly": True}]
    running(world, volumeMounts=mounts, spec=spec, securityContext={"readOnlyRootFilesystem": True})
    script = "echo x > /v/x && cat /v/x; echo x > /w/x; echo x > /x"
    assert (
        world.sh("box", script) == "x\nsh: can't create /w/x: Read-only file system\nsh: can't create /x: Read-only file system\n"
    )


def test_the_service_account_token_is_where_every_client_looks_for_it(world):
    sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]
    spec = {"volumes": [{"name": "kube-api-access-x", "projected": {"sources": sources}}], "serviceAccountName": "bot"}
    world.client.add({"kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": NAMESPACE}})
    path = "/var/run/secrets/kubernetes.io/serviceaccount"
    running(world, volumeMounts=[{"name": "kube-api-access-x", "mountPath": path}], spec=spec)
    assert world.sh("box", f"cat {path}/token") == "token-of-chat/bot"


def test_services_that_exist_are_in_the_environment(world):
    world.service("my-web", "10.96.1.1")
    running(world)
    assert world.sh("box", "echo $MY_WEB_SERVICE_HOST $MY_WEB_PORT") == "10.96.1.1 tcp://10.96.1.1:80\n"


def test_or_not_without_service_links(world):
    world.service("my-web", "10.96.1.1")
    running(world, spec={"enableServiceLinks": False})
    assert world.sh("box", "echo [$MY_WEB_SERVICE_HOST]") == "[]\n"


def test_the_termination_message_is_what_the_container_left(world):
    world.shell("job", "echo why > /dev/termination-log; exit 1", spec={"restartPolicy": "Never"})
    assert world.state("job")["terminated"]["message"] == "why\n"


def test_or_the_end_of_its_log(world):
    world.shell(
        "job", "echo last words; exit 1", terminationMessagePolicy="FallbackToLogsOnError", spec={"restartPolicy": "Never"}
    )
    assert world.state("job")["terminated"]["message"] == "last words\n"


def test_the_downward_api_quotes_annotations_as_go_does():
    from k8slab.sim.kubelet.environment import field_value

    pod = {"metadata": {"name": "web", "annotations": {"b": 'say "hi"\n', "a": "1"}}, "spec": {}}
    assert field_value(pod, "metadata.annotations", "", "") == 'a="1"\nb="say \\"hi\\"\\n"'


def test_the_hosts_file_has_the_full_name_and_the_aliases_of_an_address_in_one_line(world):
    aliases = [{"ip": "123.45.67.89", "hostnames": ["foo", "bar"]}]
    running(world, spec={"hostname": "h", "subdomain": "db", "hostAliases": aliases})
    ip = world.get("box")["status"]["podIP"]
    said = world.sh("box", "cat /etc/hosts")
    assert f"\n{ip}\th.db.chat.svc.cluster.local\th\n" in said
    assert said.endswith("\n# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar\n")
    assert world.sh("box", "hostname -f; hostname") == "h.db.chat.svc.cluster.local\nh\n"
