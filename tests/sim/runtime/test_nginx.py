"""nginx with a configuration from a ConfigMap."""

import pytest

from k8slab.sim.runtime.apps.nginx import BadConfiguration, parse
from tests.sim.kubelet.world import NAMESPACE, World

PROXY = """
server {
  listen 8080;
  location = /healthz { return 200 "ok\\n"; }
  location /old { return 301 /new; }
  location /broken { return 503; }
  location /api/ { proxy_pass http://backend:80/; }
  location / { root /srv; }
}
"""


@pytest.fixture
def world():
    world = World()
    world.shell("box", "sleep 100000", image="curlimages/curl")
    return world


def proxy(world, text=PROXY):
    world.client.add({"kind": "ConfigMap", "metadata": {"name": "conf", "namespace": NAMESPACE}, "data": {"default.conf": text}})
    spec = {"volumes": [{"name": "conf", "configMap": {"name": "conf"}}]}
    world.pod("proxy", volumeMounts=[{"name": "conf", "mountPath": "/etc/nginx/conf.d"}], spec=spec)
    return world.get("proxy")["status"].get("podIP", "")


def backend(world):
    world.pod("web", "hashicorp/http-echo", args=["-text=from the backend", "-listen=:80"])
    world.service("backend", "10.96.1.1", "web")


def test_locations_answer_redirect_and_pass_on(world):
    backend(world)
    base = f"http://{proxy(world)}:8080"
    assert world.sh("box", f"curl -s {base}/healthz") == "ok\n"
    assert world.sh("box", f"curl -s -o /dev/null -w '%{{http_code}}' {base}/old") == "301"
    assert world.sh("box", f"curl -s -o /dev/null -w '%{{http_code}}' {base}/broken") == "503"
    assert world.sh("box", f"curl -s {base}/api/x") == "from the backend\n"
    world.run("proxy", "sh", "-c", "mkdir /srv; echo mine > /srv/a.html")
    assert world.sh("box", f"curl -s {base}/a.html") == "mine\n"


def test_a_backend_that_went_away_is_a_bad_gateway(world):
    backend(world)
    base = f"http://{proxy(world)}:8080"
    world.client.delete("pods", "web", NAMESPACE)
    world.kernel.run_ready()
    assert "502 Bad Gateway" in world.sh("box", f"curl -s {base}/api/x")
    assert "while connecting to upstream" in world.log("proxy")


def test_a_backend_that_never_was_keeps_it_from_starting(world):
    proxy(world)
    assert world.reason("proxy") == "CrashLoopBackOff"
    assert 'nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:7' in world.log("proxy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server { listen 80 }", 'unexpected "}" in x.conf:1'),
        ("server {\n listen 80;\n", 'unexpected end of file, expecting "}" in x.conf:2'),
        ("server { ; }", 'unexpected ";" in x.conf:1'),
        ("listen 80", 'unexpected end of file, expecting ";" in x.conf:1'),
    ],
)
def test_mistakes_are_named_as_nginx_names_them(text, message):
    with pytest.raises(BadConfiguration) as error:
        parse(text, "x.conf")
    assert str(error.value) == message


def test_a_mistake_crashes_the_container(world):
    proxy(world, "server { listen 8080 }")
    assert world.reason("proxy") == "CrashLoopBackOff"
    assert 'unexpected "}" in /etc/nginx/conf.d/default.conf:1' in world.log("proxy")


def test_a_file_that_cannot_be_read_is_a_server_error(world):
    world.pod("web")
    world.sh("web", "dd if=/dev/zero of=/usr/share/nginx/html/big bs=1M count=40")
    assert world.run("web", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost/big")[1] == "500"
    assert world.run("web", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost/")[1] == "200"
    assert 'read() "/big" failed (Cannot allocate memory)' in world.log("web")
