"""What is in volumes, how it changes, and what happens to pods that write too much."""

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    def settings(client):
        client.add({"kind": "ConfigMap", "metadata": {"name": "settings", "namespace": NAMESPACE}, "data": {"a": "1", "b": "1"}})

    return World(before=settings)


def mounted(world, volume, resources=None, **spec):
    mounts = [{"name": "v", "mountPath": "/v"}]
    more = {"resources": resources} if resources else {}
    spec = {"volumes": [{"name": "v", **volume}], **spec}
    world.shell("box", "sleep 100000", volumeMounts=mounts, spec=spec, **more)
    world.kernel.advance(5)


def ended(world):
    status = world.get("box")["status"]
    return status["phase"], status.get("reason"), status.get("message")


def test_a_config_map_is_behind_a_link_that_turns_at_once(world):
    mounted(world, {"configMap": {"name": "settings"}})
    first = world.sh("box", "readlink /v/..data")
    assert first.startswith("..2")
    assert world.sh("box", "readlink /v/a; ls /v; cat /v/..data/b") == "..data/a\na\nb\n1"
    assert world.sh("box", "readlink -f /v/a") == f"/v/{first.strip()}/a\n"
    world.client.patch("configmaps", "settings", NAMESPACE, {"data": {"a": "2", "b": None, "c": "2"}})
    world.kernel.advance(61)
    assert world.sh("box", "ls /v; cat /v/a /v/c") == "a\nc\n22"
    second = world.sh("box", "readlink /v/..data")
    assert second != first
    assert world.sh("box", f"ls -d /v/{first.strip()}") == f"ls: /v/{first.strip()}: No such file or directory\n"


def test_the_link_stays_when_nothing_in_the_volume_has_changed(world):
    mounted(world, {"configMap": {"name": "settings", "items": [{"key": "a", "path": "dir/a"}]}})
    first = world.sh("box", "readlink /v/..data; readlink /v/dir")
    world.client.patch("configmaps", "settings", NAMESPACE, {"data": {"b": "2"}})
    world.kernel.advance(61)
    assert world.sh("box", "readlink /v/..data; readlink /v/dir") == first


def test_containers_may_not_write_to_what_the_kubelet_writes(world):
    mounted(world, {"configMap": {"name": "settings"}})
    assert world.sh("box", "echo x > /v/new") == "sh: can't create /v/new: Read-only file system\n"


def test_a_volume_in_memory_counts_as_memory_of_its_writer(world):
    mounted(world, {"emptyDir": {"medium": "Memory"}})
    before = int(world.sh("box", "cat /sys/fs/cgroup/memory.current"))
    world.sh("box", "dd if=/dev/zero of=/v/f bs=1M count=30 2> /dev/null")
    assert int(world.sh("box", "cat /sys/fs/cgroup/memory.current")) - before == 30 << 20
    world.sh("box", "rm /v/f")
    assert int(world.sh("box", "cat /sys/fs/cgroup/memory.current")) == before


def test_writing_more_into_memory_than_the_limit_ends_the_container(world):
    mounted(world, {"emptyDir": {"medium": "Memory"}}, {"limits": {"memory": "64Mi"}})
    world.sh("box", "dd if=/dev/zero of=/v/f bs=1M count=100")
    world.kernel.advance(5)
    last = world.get("box")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["reason"], last["exitCode"]) == ("OOMKilled", 137)


def test_a_volume_in_memory_is_full_at_its_size_limit(world):
    mounted(world, {"emptyDir": {"medium": "Memory", "sizeLimit": "10Mi"}})
    said = world.sh("box", "dd if=/dev/zero of=/v/f bs=1M count=20")
    assert "dd: error writing '/v/f': No space left on device\n10+0 records in" in said
    assert world.sh("box", "df /v").split()[-6:] == ["tmpfs", "10240", "10240", "0", "100%", "/v"]
    world.kernel.advance(30)
    assert ended(world)[0] == "Running"


def test_a_pod_over_the_size_limit_of_an_empty_dir_is_evicted(world):
    mounted(world, {"emptyDir": {"sizeLimit": "10Mi"}})
    world.sh("box", "dd if=/dev/zero of=/v/f bs=1M count=11")
    world.kernel.advance(15)
    assert ended(world) == ("Failed", "Evicted", 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". ')
    assert ("Warning", "Evicted", 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". ') in world.client.events()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v/f", "Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. "),
        ("/f", "Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. "),
    ],
)
def test_a_pod_over_its_limit_of_ephemeral_storage_is_evicted(world, path, message):
    mounted(world, {"emptyDir": {}}, {"limits": {"ephemeral-storage": "20Mi"}})
    world.sh("box", f"dd if=/dev/zero of={path} bs=1M count=19")
    world.kernel.advance(15)
    assert ended(world)[0] == "Running"
    world.sh("box", f"dd if=/dev/zero of={path}2 bs=1M count=2")
    world.kernel.advance(15)
    assert ended(world) == ("Failed", "Evicted", message)


def test_a_container_over_its_own_limit_though_the_pod_is_not():
    world = World()
    limits = {"resources": {"limits": {"ephemeral-storage": "10Mi"}}}
    containers = [
        {"name": name, "image": "busybox", "command": ["sh", "-c", "sleep 100000"], **limits} for name in ("one", "two")
    ]
    world.pod("box", spec={"containers": containers})
    world.kernel.advance(5)
    world.sh("box", "dd if=/dev/zero of=/f bs=1M count=11")
    world.kernel.advance(15)
    assert ended(world)[2] == 'Container one exceeded its local ephemeral storage limit "10Mi". '
