"""The servers of the image catalogue, asked as a learner would ask them."""

import json

import pytest

from tests.sim.kubelet.world import NAMESPACE, World


@pytest.fixture
def world():
    world = World()
    world.shell("box", "sleep 100000", image="curlimages/curl:8.17.0")
    return world


def ip(world, name="web"):
    return world.get(name)["status"]["podIP"]


def test_nginx_serves_files_and_logs_requests(world):
    world.pod()
    assert "<h1>Welcome to nginx!</h1>" in world.sh("box", f"curl -s {ip(world)}")
    world.run("web", "sh", "-c", "echo hello > /usr/share/nginx/html/a.txt")
    assert world.sh("box", f"curl -si {ip(world)}/a.txt").splitlines() == [
        "HTTP/1.1 200 OK", "Server: nginx/1.29", "Content-Type: text/plain", "Content-Length: 6", "", "hello",
    ]  # fmt: skip
    assert world.log().splitlines()[-1] == (
        '10.244.0.2 - - [01/Jan/2026:00:00:00 +0000] "GET /a.txt HTTP/1.1" 200 6 "-" "curl/8.17.0" "-"'
    )


def test_nginx_says_404_and_why(world):
    world.pod()
    assert "<h1>404 Not Found</h1>" in world.sh("box", f"curl -s {ip(world)}/nope")
    assert 'open() "/usr/share/nginx/html/nope" failed (2: No such file or directory)' in world.log()


def test_two_servers_in_one_pod_cannot_have_the_same_port(world):
    containers = [{"name": name, "image": "nginx"} for name in ("a", "b")]
    world.pod("two", spec={"containers": containers})
    assert world.reason("two", 0) == "Running"
    assert world.reason("two", 1) == "CrashLoopBackOff"
    assert "bind() to 0.0.0.0:80 failed (98: Address already in use)" in world.log("two", "b")


@pytest.mark.parametrize(
    ("image", "container", "url", "answer"),
    [
        ("gcr.io/google-samples/hello-app:1.0", {}, ":8080/", "Hello, world!\nVersion: 1.0.0\nHostname: web\n"),
        ("hashicorp/http-echo", {"args": ["-text=hi", "-listen=:80"]}, "/", "hi\n"),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", {"args": ["netexec", "--http-port=80"]}, "/hostname", "web"),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", {"args": ["netexec"]}, ":8080/echo?msg=hey", "hey"),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", {"args": ["netexec"]}, ":8080/shell?cmd=echo+x", '{"output": "x\\n"}'),
        ("registry.k8s.io/e2e-test-images/agnhost:2.53", {"args": ["serve-hostname"]}, ":9376/", "web"),
        (
            "registry.k8s.io/e2e-test-images/agnhost:2.53",
            {"args": ["porter"], "env": [{"name": "SERVE_PORT_8080", "value": "hey"}]},
            ":8080/",
            "hey",
        ),
        ("httpd:2.4", {}, "/", "<html><body><h1>It works!</h1></body></html>\n"),
        ("traefik/whoami", {}, "/", "Hostname: web\nIP: 10.244.0.3\n"),
    ],
)
def test_servers_answer(world, image, container, url, answer):
    world.pod("web", image, **container)
    assert world.sh("box", f"curl -s '{ip(world)}{url}'") == answer


def test_netexec_asks_another_one_and_tells_what_it_said(world):
    agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.53"
    world.pod("web", agnhost, args=["netexec"])
    world.pod("asker", agnhost, args=["netexec"])
    dial = f"curl -s '{world.get('asker')['status']['podIP']}:8080/dial?request=hostname&host={ip(world)}"
    assert world.sh("box", f"{dial}&port=8080&protocol=http&tries=2'") == '{"responses": ["web", "web"]}'
    assert world.sh("box", f"{dial}&port=8081&protocol=udp&tries=1'") == '{"responses": ["web"]}'
    assert "Connection refused" in world.sh("box", f"{dial}&port=80&protocol=http&tries=1'")


def test_agnhost_connects_and_says_why_it_cannot(world):
    world.pod("web", "registry.k8s.io/e2e-test-images/agnhost:2.53", args=["netexec"])

    def connect(*args):
        return world.run("web", "/agnhost", "connect", *args)

    assert connect(f"{ip(world)}:8080", "--timeout=1s") == (0, "", "")
    assert connect(f"{ip(world)}:8081", "--timeout=1s", "--protocol=udp") == (0, "", "")
    assert connect(f"{ip(world)}:81", "--timeout=1s") == (1, "", "REFUSED\n")
    assert connect("10.96.77.77:80", "--timeout=500ms") == (1, "", "TIMEOUT\n")
    assert connect("nowhere:80")[2].startswith("DNS: ")


def test_mounttest_tells_of_volumes_and_files(world):
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("memory", "disk")]
    volumes = [{"name": "memory", "emptyDir": {"medium": "Memory"}}, {"name": "disk", "emptyDir": {}}]
    containers = [
        {"name": "c", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53", "args": ["pause"], "volumeMounts": mounts}
    ]
    world.pod("web", spec={"containers": containers, "volumes": volumes})
    seen = world.run(
        "web",
        "/agnhost",
        "mounttest",
        "--fs_type=/memory",
        "--file_perm=/memory/f",
        "--new_file_0644=/memory/f",
        "--file_owner=/memory/f",
    )
    assert seen == (0, (
        'mount type of "/memory": tmpfs\ncontent of file "/memory/f": mount-tester new file\n\n'
        'perms of file "/memory/f": -rw-r--r--\nowner UID of "/memory/f": 0\nowner GID of "/memory/f": 0\n'
    ), "")  # fmt: skip
    assert world.run("web", "/agnhost", "mounttest", "--file_mode=/disk", "--fs_type=/disk")[1].splitlines() == [
        'mount type of "/disk": ext2/ext3', 'mode of file "/disk": drwxrwxrwx',
    ]  # fmt: skip
    assert world.run("web", "/agnhost", "mounttest", "--file_content=/disk/none")[0] == 1
    twice = world.run(
        "web", "/agnhost", "mounttest", "--file_content_in_loop=/memory/f", "--retry_time=3", "--break_on_expected_content=false"
    )
    assert twice[1].count("mount-tester new file") == 2


@pytest.mark.parametrize(
    ("container", "line"),
    [
        ({"args": ["entrypoint-tester", "override", "arguments"]}, "[/agnhost entrypoint-tester override arguments]\n"),
        ({"command": ["/agnhost", "entrypoint-tester"], "args": ["a b"]}, "[/agnhost entrypoint-tester a b]\n"),
    ],
)
def test_a_container_gets_command_and_arguments_of_pod_and_image(world, container, line):
    world.pod("once", "registry.k8s.io/e2e-test-images/agnhost:2.53", spec={"restartPolicy": "Never"}, **container)
    assert world.log("once", "c") == line


def test_python_serves_a_directory_and_refuses_to_run_code(world):
    world.pod("web", "python:3.13-slim", command=["python", "-m", "http.server", "8080"], workingDir="/etc")
    assert '<a href="hostname">' in world.sh("box", f"curl -s {ip(world)}:8080/")
    assert "runs only" in world.run("web", "python", "-c", "print(1)")[2]


def test_redis_keeps_what_it_is_given(world):
    world.pod("web", "redis:7")
    script = "redis-cli ping; redis-cli set k 'v w'; redis-cli get k; redis-cli incr n; redis-cli get nope"
    assert world.run("web", "sh", "-c", script)[1] == 'PONG\nOK\n"v w"\n(integer) 1\n(nil)\n'
    assert world.sh("box", f"printf 'PING\\r\\n' | nc -w 1 {ip(world)} 6379").strip() == "+PONG"


def test_postgres_needs_a_password_and_then_accepts_connections(world):
    world.pod("web", "postgres:17")
    assert world.reason() == "CrashLoopBackOff"
    assert "superuser password is not specified" in world.log()
    world.pod("db", "postgres:17", env=[{"name": "POSTGRES_PASSWORD", "value": "x"}])
    assert world.run("db", "pg_isready")[0] == 0


def test_an_image_without_a_shell_has_none(world):
    world.pod("web", "traefik/whoami")
    assert world.reason() == "Running"
    assert world.kubelets[0]._find(NAMESPACE, "web").record.mains[0].container.files.exists("/bin") is False


@pytest.mark.parametrize(
    ("command", "code", "error"),
    [
        ("curl -s http://nope", 6, ""),
        ("curl http://nope", 6, "curl: (6) Could not resolve host: nope\n"),
        (
            "curl -sS http://localhost:81",
            7,
            "curl: (7) Failed to connect to localhost port 81 after 0 ms: Could not connect to server\n",
        ),
        ("curl -m 2 http://192.0.2.1", 28, "curl: (28) Connection timed out after 2000 milliseconds\n"),
        ("wget -q http://nope", 1, "wget: bad address 'nope'\n"),
        ("wget -q http://127.0.0.1:81", 1, "wget: can't connect to remote host (127.0.0.1): Connection refused\n"),
        ("wget -qT 3 http://192.0.2.1", 1, "wget: download timed out\n"),
    ],
)
def test_curl_and_wget_say_exactly_what_failed(world, command, code, error):
    found = world.run("box", "sh", "-c", command)
    assert (found[0], found[2]) == (code, error)


def test_curl_options(world):
    world.pod()
    url = ip(world)
    assert world.sh("box", f"curl -s -o /dev/null -w '%{{http_code}}\\n' {url}") == "200\n"
    assert world.run("box", "curl", "-sSf", f"{url}/nope")[::2] == (22, "curl: (22) The requested URL returned error: 404\n")
    assert world.run("box", "curl", "-sI", url)[1].startswith("HTTP/1.1 200 OK\r\n")
    assert world.run("box", "curl", "-sk", f"https://{url}:80")[0] == 35


def chatter(world):
    for number, part in enumerate(("web", "gateway", "rooms", "history"), 1):
        world.pod(part, f"chatter/{part}:1.0")
        world.service(part, f"10.96.1.{number}", part, ports=[{"port": 8080, "protocol": "TCP"}])


def test_chatter_takes_a_message_and_gives_it_back(world):
    chatter(world)
    sent = world.sh("box", "curl -s -d hello http://web:8080/api/rooms/lobby/messages")
    assert json.loads(sent)["text"] == "hello"
    assert [m["text"] for m in json.loads(world.sh("box", "curl -s http://gateway:8080/rooms/lobby/messages"))] == ["hello"]
    assert json.loads(world.sh("box", "curl -s http://rooms:8080/rooms")) == {"lobby": 1}


def test_chatter_says_which_part_is_missing(world):
    world.pod("web", "chatter/web:1.0")
    world.service("web", "10.96.1.1", "web", ports=[{"port": 8080, "protocol": "TCP"}])
    assert world.sh("box", "curl -s -w ' %{http_code}' http://web:8080/api/rooms") == (
        '{"error": "http://gateway:8080/rooms: Name or service not known"}\n 502'
    )


def test_the_bot_talks(world):
    chatter(world)
    world.pod("bot", "chatter/bot:1.0")
    world.kernel.advance(11)
    assert world.log("bot").splitlines()[1:] == [f"message {n}: 201 (sent {n}, acknowledged {n})" for n in (1, 2, 3)]


def test_chatter_can_be_made_unready_and_crash(world):
    world.pod("web", "chatter/web:1.0", readinessProbe={"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1})
    world.sh("box", f"curl -s -X POST {ip(world)}:8080/unready")
    world.kernel.advance(5)
    assert world.condition("Ready")[0] == "False"
    world.sh("box", f"curl -s -X POST {ip(world)}:8080/crash")
    world.kernel.run_ready()
    assert world.restarts() == 1
