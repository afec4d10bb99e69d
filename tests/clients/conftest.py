"""The official Python client on the test's server."""

from collections.abc import Iterator

import pytest
from kubernetes import client, config

from tests.processes import K8slab


@pytest.fixture
def api(server: K8slab) -> Iterator[client.ApiClient]:
    """A client of the administrator."""
    with config.new_client_from_config(str(server.kubeconfig)) as api:
        yield api
        api.rest_client.pool_manager.clear()


@pytest.fixture
def core(api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(api)


@pytest.fixture
def apps(api: client.ApiClient) -> client.AppsV1Api:
    return client.AppsV1Api(api)
