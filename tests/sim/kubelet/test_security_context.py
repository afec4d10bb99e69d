"""A securityContext as the programs in the container see it: who they are, whose the files are, what they may not do."""

from typing import Any

import pytest

from k8slab.apimachinery.types import Object
from tests.sim.kubelet.world import NAMESPACE, World

RESTRICTED: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
DEFAULT, NONE, ALL = "00000000a80425fb", "0000000000000000", "000001ffffffffff"


@pytest.fixture
def world() -> World:
    return World()


def sleeper(world: World, pod: Object | None = None, image: str = "busybox:1.37", name: str = "web", **container: Any) -> None:
    """A pod that only waits, with the securityContexts of pod and container."""
    world.pod(name, image, command=["sleep", "100000"], spec=pod or {}, **container)
    world.kernel.advance(1)


def caps(world: World, name: str = "web") -> dict[str, str]:
    lines = world.sh(name, "cat /proc/self/status").splitlines()
    return dict(line.split(":\t") for line in lines if line.startswith(("Cap", "NoNew", "Secc")))


# --- who ---


@pytest.mark.parametrize(
    ("pod", "container", "expected"),
    [
        ({}, {}, "uid=0(root) gid=0(root) groups=0(root),10(wheel)"),
        ({"runAsUser": 1000}, {}, "uid=1000 gid=0(root) groups=0(root)"),
        ({"runAsUser": 1000, "runAsGroup": 3000}, {}, "uid=1000 gid=3000 groups=3000"),
        (
            {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]},
            {},
            "uid=1000 gid=3000 groups=2000,3000,4000",
        ),
        ({"runAsUser": 1000}, {"runAsUser": 65534}, "uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)"),
        ({"supplementalGroupsPolicy": "Strict", "supplementalGroups": [7]}, {}, "uid=0(root) gid=0(root) groups=0(root),7"),
    ],
)
def test_id_shows_user_and_groups(world: World, pod: Object, container: Object, expected: str) -> None:
    sleeper(world, {"securityContext": pod}, securityContext=container)
    assert world.sh("web", "id") == expected + "\n"


def test_the_status_says_who_the_processes_are_and_what_is_mounted(world: World) -> None:
    volumes = {"volumes": [{"name": "v", "emptyDir": {}}], "securityContext": {"runAsUser": 1000, "fsGroup": 2000}}
    sleeper(world, volumes, volumeMounts=[{"name": "v", "mountPath": "/v", "readOnly": True}])
    status = world.get()["status"]["containerStatuses"][0]
    assert status["user"] == {"linux": {"uid": 1000, "gid": 0, "supplementalGroups": [0, 2000]}}
    assert status["volumeMounts"] == [{"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": "Disabled"}]


@pytest.mark.parametrize(
    ("image", "security", "words"),
    [
        ("nginx:1.29", {}, "container has runAsNonRoot and image will run as root"),
        ("nginx:1.29", {"runAsUser": 0}, "container's runAsUser breaks non-root policy"),
        (
            "curlimages/curl:8.17.0",
            {},
            "container has runAsNonRoot and image has non-numeric user (curl_user), cannot verify user is non-root",
        ),
    ],
)
def test_run_as_non_root_refuses_root_and_whom_it_cannot_tell(world: World, image: str, security: Object, words: str) -> None:
    pod = world.pod("web", image, securityContext={"runAsNonRoot": True, **security})
    world.kernel.advance(1)
    waiting = world.state()["waiting"]
    where = f'(pod: "web_{NAMESPACE}({pod["metadata"]["uid"]})", container: c)'
    assert (waiting["reason"], waiting["message"]) == ("CreateContainerConfigError", f"{words} {where}")


def test_run_as_non_root_takes_a_numeric_user(world: World) -> None:
    world.pod("web", "nginxinc/nginx-unprivileged:1.29", securityContext=RESTRICTED)
    world.kernel.advance(1)
    assert world.reason() == "Running"
    assert world.sh("web", "curl -s localhost:8080").startswith("<!DOCTYPE html>")


# --- files ---


def test_root_owns_the_image_and_others_may_not_write_to_it(world: World) -> None:
    sleeper(world, securityContext={"runAsUser": 1000})
    assert world.sh("web", "touch /x; echo hi > /etc/passwd; ls /root; rm /etc/passwd") == (
        "touch: /x: Permission denied\nsh: can't create /etc/passwd: Permission denied\n"
        "ls: can't open '/root': Permission denied\nrm: can't remove '/etc/passwd': Permission denied\n"
    )
    assert world.sh("web", "touch /tmp/mine; stat -c '%u %g %a' /tmp/mine") == "1000 0 644\n"


def test_in_a_sticky_directory_only_the_owner_removes(world: World) -> None:
    sleeper(world)
    assert "Operation not permitted" in world.sh("web", "touch /tmp/mine; su -s /bin/sh nobody -c 'rm /tmp/mine'")


def test_a_read_only_root_still_lets_volumes_be_written(world: World) -> None:
    volumes = {"volumes": [{"name": "v", "emptyDir": {}}]}
    mounts = [{"name": "v", "mountPath": "/v"}]
    sleeper(world, volumes, securityContext={"readOnlyRootFilesystem": True}, volumeMounts=mounts)
    assert world.sh("web", "touch /x; mkdir /tmp/d; echo hi > /v/f; cat /v/f; echo ho > /dev/null") == (
        "hi\ntouch: /x: Read-only file system\nmkdir: can't create directory '/tmp/d': Read-only file system\n"
    )


def test_fs_group_owns_an_empty_dir_and_new_files_in_it(world: World) -> None:
    pod = {"volumes": [{"name": "v", "emptyDir": {}}], "securityContext": {"runAsUser": 1000, "fsGroup": 2000}}
    sleeper(world, pod, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    assert world.sh("web", "mkdir /v/d; touch /v/d/f; stat -c '%A %u %g' /v /v/d /v/d/f") == (
        "drwxrwsrwx 0 2000\ndrwxr-sr-x 1000 2000\n-rw-r--r-- 1000 2000\n"
    )


def test_a_secret_of_mode_0400_is_roots_alone_unless_there_is_an_fs_group(world: World) -> None:
    secret = {"metadata": {"name": "s", "namespace": NAMESPACE}, "data": {"password": "aHVudGVyMg=="}}
    world.client.create("secrets", secret)
    volumes = [{"name": "v", "secret": {"secretName": "s", "defaultMode": 0o400}}]
    mounts = [{"name": "v", "mountPath": "/s"}]
    for name, more in (("alone", {}), ("group", {"fsGroup": 2000})):
        security = {"securityContext": {"runAsUser": 1000, **more}}
        sleeper(world, {"volumes": volumes, **security}, name=name, volumeMounts=mounts)
    assert world.sh("alone", "cat /s/password") == "cat: can't open '/s/password': Permission denied\n"
    assert world.sh("group", "cat /s/password; stat -c ' %a' /s/password") == "hunter2 440\n"


def test_an_init_container_can_give_a_volume_to_the_user_of_the_main_one(world: World) -> None:
    init = {"name": "i", "image": "busybox:1.37", "command": ["sh", "-c", "chown 1000 /v; chmod 700 /v"]}
    mounts = [{"name": "v", "mountPath": "/v"}]
    pod = {"volumes": [{"name": "v", "emptyDir": {}}], "initContainers": [{**init, "volumeMounts": mounts}]}
    sleeper(world, pod, securityContext={"runAsUser": 1000}, volumeMounts=mounts)
    assert world.sh("web", "touch /v/f && stat -c '%u %A' /v") == "1000 drwx------\n"


def test_change_of_mode_and_owner_is_for_the_owner_and_for_root(world: World) -> None:
    sleeper(world)
    script = "touch /tmp/f; chmod u=rw,go= /tmp/f; stat -c %a /tmp/f; chown nobody:nobody /tmp/f; stat -c '%U %G' /tmp/f"
    assert world.sh("web", script) == "600\nnobody nobody\n"
    assert "chmod: /etc/passwd: Operation not permitted" in world.sh("web", "su -s /bin/sh nobody -c 'chmod 777 /etc/passwd'")


# --- capabilities ---


@pytest.mark.parametrize(
    ("security", "effective", "bounding"),
    [
        ({}, DEFAULT, DEFAULT),
        ({"capabilities": {"drop": ["ALL"]}}, NONE, NONE),
        ({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}, "0000000000000400", "0000000000000400"),
        ({"capabilities": {"add": ["NET_ADMIN", "SYS_TIME"]}}, "00000000aa0435fb", "00000000aa0435fb"),
        ({"capabilities": {"drop": ["CHOWN"]}}, "00000000a80425fa", "00000000a80425fa"),
        ({"privileged": True}, ALL, ALL),
        ({"runAsUser": 1000, "capabilities": {"add": ["NET_ADMIN"]}}, NONE, "00000000a80435fb"),
    ],
)
def test_capabilities_are_seen_in_proc(world: World, security: Object, effective: str, bounding: str) -> None:
    sleeper(world, securityContext=security)
    shown = caps(world)
    assert (shown["CapPrm"], shown["CapEff"], shown["CapBnd"]) == (effective, effective, bounding)
    assert (shown["CapInh"], shown["CapAmb"]) == (NONE, NONE)


def test_without_its_capabilities_root_is_a_user_like_any_other(world: World) -> None:
    sleeper(world, securityContext={"capabilities": {"drop": ["ALL"]}})
    script = "touch /f; chown nobody /f; mkdir -m 000 /d; chmod 000 /d; ls /d; su nobody"
    assert world.sh("web", script) == (
        "chown: /f: Operation not permitted\nls: can't open '/d': Permission denied\n"
        "su: can't set groups: Operation not permitted\n"
    )


def test_an_unknown_capability_cannot_be_given(world: World) -> None:
    sleeper(world, securityContext={"capabilities": {"add": ["FLY"]}})
    assert world.state()["waiting"]["reason"] == "CreateContainerError"
    assert "CAP_FLY" in world.state()["waiting"]["message"]


def test_mounting_needs_sys_admin(world: World) -> None:
    sleeper(world, name="plain")
    sleeper(world, name="admin", securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})
    assert world.sh("plain", "mount -t tmpfs t /tmp") == "mount: permission denied (are you root?)\n"
    assert world.sh("admin", "touch /tmp/f; mount -t tmpfs t /tmp; ls /tmp") == ""


def test_the_kernel_asks_for_its_capabilities(world: World) -> None:
    sleeper(world, name="plain")
    sleeper(world, name="tight", securityContext={"capabilities": {"drop": ["ALL"]}})
    sleeper(world, name="all", securityContext={"privileged": True})
    script = "mknod /tmp/d c 1 3; chroot /tmp ls; ip link set eth0 down; dmesg | head -1; sysctl -w kernel.hostname=x"
    assert world.sh("tight", script) == (
        "mknod: /tmp/d: Operation not permitted\n"
        "chroot: can't change root directory to '/tmp': Operation not permitted\n"
        "ip: RTNETLINK answers: Operation not permitted\ndmesg: klogctl: Operation not permitted\n"
        "sysctl: error setting key 'kernel.hostname': Read-only file system\n"
    )
    assert world.sh("plain", script) == (
        "chroot: can't execute 'ls': No such file or directory\n"
        "ip: RTNETLINK answers: Operation not permitted\ndmesg: klogctl: Operation not permitted\n"
        "sysctl: error setting key 'kernel.hostname': Read-only file system\n"
    )
    assert "kernel.hostname = x" in world.sh("all", script)


def test_low_ports_are_free_in_a_pod_but_not_on_the_node(world: World) -> None:
    listen = "nc -l -p 80 & sleep 1; echo $(netstat | grep -c :80)"
    sleeper(world, securityContext={"runAsUser": 1000}, name="pod")
    sleeper(world, {"hostNetwork": True}, securityContext={"runAsUser": 1000}, name="node")
    strict = {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "1024"}], "runAsUser": 1000}
    sleeper(world, {"securityContext": strict}, name="strict")
    assert "denied" not in world.sh("pod", listen)
    assert "nc: bind: Permission denied" in world.sh("node", listen)
    assert "nc: bind: Permission denied" in world.sh("strict", listen)
    assert world.sh("strict", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == "1024\n"


def test_pinging_needs_net_raw_on_the_node_and_nothing_in_a_pod(world: World) -> None:
    dropped = {"capabilities": {"drop": ["NET_RAW"]}}
    sleeper(world, securityContext=dropped, name="pod")
    sleeper(world, {"hostNetwork": True}, securityContext=dropped, name="node")
    sleeper(world, {"hostNetwork": True}, name="raw")
    assert "0% packet loss" in world.sh("pod", "ping -c 1 172.18.0.2")
    assert world.sh("node", "ping -c 1 172.18.0.2") == "ping: permission denied (are you root?)\n"
    assert "0% packet loss" in world.sh("raw", "ping -c 1 172.18.0.2")


def test_a_sysctl_that_is_not_safe_is_not_admitted(world: World) -> None:
    world.pod(spec={"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}})
    status = world.get()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "SysctlForbidden")
    assert 'forbidden sysctl: "kernel.msgmax" not allowlisted' in status["message"]


# --- the rest ---


def test_no_new_privs_and_seccomp_are_seen_in_proc(world: World) -> None:
    sleeper(world, name="plain")
    profile = {"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}
    sleeper(world, profile, name="tight", securityContext=RESTRICTED | {"runAsUser": 1})
    assert (caps(world, "plain")["NoNewPrivs"], caps(world, "plain")["Seccomp"]) == ("0", "0")
    assert (caps(world, "tight")["NoNewPrivs"], caps(world, "tight")["Seccomp"]) == ("1", "2")


def test_a_local_seccomp_profile_has_to_be_on_the_node(world: World) -> None:
    sleeper(world, securityContext={"seccompProfile": {"type": "Localhost", "localhostProfile": "audit.json"}})
    waiting = world.state()["waiting"]
    assert waiting["reason"] == "CreateContainerError"
    assert "open /var/lib/kubelet/seccomp/audit.json: no such file or directory" in waiting["message"]


def test_only_a_privileged_container_sees_the_nodes_devices_and_sets_sysctls(world: World) -> None:
    sleeper(world, name="plain")
    sleeper(world, name="all", securityContext={"privileged": True})
    script = "test -e /dev/sda && echo disk; echo 1 > /proc/sys/kernel/hostname || true"
    assert world.sh("plain", script) == "sh: can't create /proc/sys/kernel/hostname: Read-only file system\n"
    assert world.sh("all", script) == "disk\n"


def test_every_container_has_processes_of_its_own(world: World) -> None:
    world.pod("web", spec={"containers": CONTAINERS})
    world.kernel.advance(1)
    assert commands(world, "side") == ["sleep 100000", "ps"]


def test_a_shared_process_namespace_shows_the_other_containers(world: World) -> None:
    world.pod("web", spec={"shareProcessNamespace": True, "containers": CONTAINERS})
    world.kernel.advance(1)
    assert commands(world, "side") == ["/pause", "nginx -g daemon off;", "sleep 100000", "ps"]
    world.run("web", "sh", "-c", "kill -QUIT $(ps | grep nginx | grep -v grep | awk '{print $1}')", container="side")
    world.kernel.advance(2)
    assert world.restarts("web", 0) == 1


def test_host_pid_shows_the_node_and_what_runs_on_it(world: World) -> None:
    sleeper(world, name="victim", securityContext={"runAsUser": 1000}, env=[{"name": "PASSWORD", "value": "hunter2"}])
    sleeper(world, {"hostPID": True}, name="spy", securityContext={"privileged": True})
    shown = world.sh("spy", "ps")
    assert "/usr/bin/kubelet" in shown
    assert "1000      0:00 sleep 100000" in shown
    script = "cat /proc/$(ps | grep '1000  ' | grep -v grep | awk '{print $1}')/environ | tr '\\0' '\\n' | grep PASS"
    assert world.sh("spy", script) == "PASSWORD=hunter2\n"


CONTAINERS = [
    {"name": "main", "image": "nginx:1.29"},
    {"name": "side", "image": "busybox:1.37", "command": ["sleep", "100000"]},
]


def commands(world: World, container: str) -> list[str]:
    lines = world.run("web", "ps", container=container)[1].splitlines()[1:]
    return [line.split(maxsplit=3)[3] for line in lines]


@pytest.mark.parametrize(
    ("security", "log"),
    [
        ({"readOnlyRootFilesystem": True}, 'mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)'),
        ({"runAsUser": 101}, 'mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)'),
        ({"capabilities": {"drop": ["ALL"]}}, 'chown("/var/cache/nginx/client_temp", 101) failed (1: Operation not permitted)'),
    ],
)
def test_nginx_needs_root_and_says_what_it_may_not_do(world: World, security: Object, log: str) -> None:
    world.pod(securityContext=security)
    world.kernel.advance(0.5)
    assert log in world.log()
    assert world.state()["waiting"]["reason"] == "CrashLoopBackOff"


def test_nginx_runs_on_a_read_only_root_with_volumes_where_it_writes(world: World) -> None:
    paths = {"cache": "/var/cache/nginx", "run": "/var/run"}
    volumes = {"volumes": [{"name": n, "emptyDir": {}} for n in paths]}
    mounts = [{"name": n, "mountPath": path} for n, path in paths.items()]
    world.pod(spec=volumes, securityContext={"readOnlyRootFilesystem": True}, volumeMounts=mounts)
    world.kernel.advance(1)
    assert world.reason() == "Running"
