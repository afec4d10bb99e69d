"""What Ingresses say about a request: paths, hosts, default backends, TLS, annotations.

The rows of paths are those of the Kubernetes documentation (concepts/services-networking/ingress, "Path types", examples); those
of ImplementationSpecific and regular expressions follow ingress-nginx (docs/user-guide/ingress-path-matching.md).
"""

import pytest

from k8slab.sim.network.ingress import Forward, Page, Redirect, build, decide

REGEX = {"nginx.ingress.kubernetes.io/use-regex": "true"}


def path(text="/", service="web", kind="Prefix"):
    return {"path": text, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": 80}}}}


def ingress(*paths, host="shop.test", name="shop", created="2026-01-01T00:00:00Z", marks=None, **spec):
    rules = [{"host": host, "http": {"paths": list(paths)}}] if paths else []
    meta = {"name": name, "namespace": "chat", "creationTimestamp": created, "annotations": marks or {}}
    return {"metadata": meta, "spec": {**({"rules": rules} if rules else {}), **spec}}


def service(name="web"):
    return {"service": {"name": name, "port": {"number": 80}}}


def answer(ingresses, asked="/", host="shop.test", scheme="http"):
    found = decide(build(ingresses), scheme, host, asked)
    return found.backend.service if isinstance(found, Forward) else found


@pytest.mark.parametrize(
    ("kind", "text", "asked", "matches"),
    [
        ("Prefix", "/", "/anything", True),
        ("Exact", "/foo", "/foo", True),
        ("Exact", "/foo", "/bar", False),
        ("Exact", "/foo", "/foo/", False),
        ("Exact", "/foo/", "/foo", False),
        ("Prefix", "/foo", "/foo", True),
        ("Prefix", "/foo", "/foo/", True),
        ("Prefix", "/foo/", "/foo", True),
        ("Prefix", "/foo/", "/foo/", True),
        ("Prefix", "/aaa/bb", "/aaa/bbb", False),
        ("Prefix", "/aaa/bbb", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb/", "/aaa/bbb", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbb/ccc", True),
        ("Prefix", "/aaa/bbb", "/aaa/bbbxyz", False),
        ("Prefix", "/aaa", "/ccc", False),
        ("ImplementationSpecific", "/foo", "/foobar", True),
        ("ImplementationSpecific", "/foo/", "/foo", False),
    ],
)
def test_a_path_matches(kind, text, asked, matches):
    assert answer([ingress(path(text, kind=kind))], asked) == ("web" if matches else Page(404))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/aaa/ccc", "short"),
        ("/aaa/bbb/x", "long"),
        ("/", "root"),
        ("/aaa/bbb", "long"),
        ("/exact", "exact"),
        ("/exact/", "wide"),
    ],
)
def test_exact_comes_first_then_the_longest_prefix(asked, expected):
    paths = [path("/", "root"), path("/aaa", "short"), path("/aaa/bbb", "long"), path("/exact", "wide")]
    assert answer([ingress(*paths, path("/exact", "exact", "Exact"))], asked) == expected


@pytest.mark.parametrize(
    ("rule", "asked", "matches"),
    [
        ("*.foo.com", "bar.foo.com", True),
        ("*.foo.com", "baz.bar.foo.com", False),  # the wildcard covers one label only
        ("*.foo.com", "foo.com", False),
        ("shop.test", "SHOP.test", True),
        ("", "whatever", True),
    ],
)
def test_a_host_matches(rule, asked, matches):
    assert answer([ingress(path(), host=rule)], host=asked) == ("web" if matches else Page(404))


def test_an_exact_host_goes_before_a_wildcard_and_does_not_fall_back_to_it():
    both = [ingress(path("/", "wild"), host="*.foo.com"), ingress(path("/a", "own"), host="x.foo.com", name="b")]
    assert answer(both, "/a", "x.foo.com") == "own"
    assert answer(both, "/b", "x.foo.com") == Page(404)
    assert answer(both, "/b", "y.foo.com") == "wild"


def test_default_backends():
    assert answer([ingress(defaultBackend=service("all"))], "/x", "nobody.test") == "all"
    own = ingress(path("/a"), defaultBackend=service("rest"))
    assert answer([own], "/b") == "rest"
    assert answer([own], "/b", "nobody.test") == Page(404)


def test_of_two_ingresses_for_one_path_the_older_counts():
    young = ingress(path("/", "young"), name="a", created="2026-02-01T00:00:00Z")
    assert answer([young, ingress(path("/", "old"), name="z")]) == "old"


def test_tls_redirects_plain_requests_unless_an_annotation_says_no():
    tls = [{"hosts": ["shop.test"], "secretName": "cert"}]
    assert answer([ingress(path(), tls=tls)], "/a") == Redirect("https://shop.test/a")
    assert answer([ingress(path(), tls=tls)], "/a", scheme="https") == "web"
    assert answer([ingress(path(), tls=tls, marks={"nginx.ingress.kubernetes.io/ssl-redirect": "false"})]) == "web"
    assert answer([ingress(path(), marks={"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"})]) == Redirect(
        "https://shop.test/"
    )


@pytest.mark.parametrize(
    ("text", "target", "asked", "expected"),
    [
        ("/something(/|$)(.*)", "/$2", "/something/new", "/new"),
        ("/something(/|$)(.*)", "/$2", "/something", "/"),
        ("/api", "/", "/api/x", "/"),
    ],
)
def test_a_rewrite_target_changes_the_path(text, target, asked, expected):
    marks = {"nginx.ingress.kubernetes.io/rewrite-target": target}
    found = decide(build([ingress(path(text, kind="ImplementationSpecific"), marks=marks)]), "http", "shop.test", asked)
    assert isinstance(found, Forward)
    assert found.path == expected


def test_a_regular_expression_that_is_none_is_taken_as_it_stands():
    assert answer([ingress(path("/a(", kind="ImplementationSpecific"), marks=REGEX)], "/a(b") == "web"
