"""Image references, and which images there are."""

from pathlib import Path

import pytest

import k8slab.sim.runtime as runtime
from k8slab.sim.runtime.images import InvalidImageName, PullError, find_image, parse_reference
from k8slab.sim.runtime.lookup import commands_of, entry_server

IMAGES = Path(runtime.__file__).parent / "images"
REPOSITORIES = sorted(str(p.relative_to(IMAGES))[:-5] for p in IMAGES.rglob("*.yaml"))


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.29-alpine", "docker.io/library/nginx:1.29-alpine"),
        ("chatter/web:1.0", "docker.io/chatter/web:1.0"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        (f"nginx@sha256:{'a' * 64}", f"docker.io/library/nginx@sha256:{'a' * 64}"),
        (f"nginx:1@sha256:{'a' * 64}", f"docker.io/library/nginx:1@sha256:{'a' * 64}"),
    ],
)
def test_references_are_completed(text, full):
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Nginx", r"invalid reference format: repository name \(library/Nginx\) must be lowercase"),
        ("nginx:", "invalid reference format"),
        ("nginx: latest", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("nginx@sha256:12", "invalid reference format"),
    ],
)
def test_what_is_no_reference(text, message):
    with pytest.raises(InvalidImageName, match=message):
        parse_reference(text)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("ngnix", "pull access denied, repository does not exist or may require authorization: "
                  "server message: insufficient_scope: authorization failed"),
        ("nginx:nope", "docker.io/library/nginx:nope: not found"),
        ("example.com/app:1", 'failed to do request: Head "https://example.com/v2/app/manifests/1": '
                              "dial tcp: lookup example.com on 10.96.0.10:53: no such host"),
    ],
)  # fmt: skip
def test_what_containerd_says_of_images_that_are_not_there(text, ending):
    ref = parse_reference(text)
    with pytest.raises(PullError) as error:
        find_image(ref)
    code = "rpc error: code = NotFound desc = " if ending.endswith(": not found") else ""
    assert str(error.value) == f'{code}failed to pull and unpack image "{ref}": failed to resolve reference "{ref}": {ending}'


def test_a_digest_names_one_image():
    image = find_image(parse_reference("nginx:1.28"))
    tagged = find_image(parse_reference("nginx:latest"))
    assert image.digest != tagged.digest
    assert find_image(parse_reference(f"nginx@{tagged.digest}")) == tagged


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_every_image_file_describes_images_that_do_something(repository):
    image = find_image(
        parse_reference(f"{repository}:{'1.0' if repository.endswith(('chatter/web', 'hello-app')) else 'latest'}")
    )
    assert image.size > 0
    argv = [*image.entrypoint, *image.command]
    assert argv
    assert entry_server(image, argv) is not None or commands_of(image)
