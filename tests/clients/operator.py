"""An operator for Rooms, run by kopf (``kopf run tests/clients/operator.py``); see test_kopf.

It answers creation, change and deletion, keeps a timer and a daemon per Room, and makes a ConfigMap that a Room owns.
"""

import asyncio
from typing import Any

import kopf
from kubernetes import client, config


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.peering.name = "rooms"
    settings.peering.mandatory = True


@kopf.on.login()
def login(**kwargs: Any) -> Any:
    return kopf.login_with_kubeconfig(**kwargs)


@kopf.on.create("chat.example", "v1", "rooms")
def created(body: kopf.Body, name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-settings"}, "data": {"made": "yes"}}
    kopf.adopt(child, owner=body)
    with config.new_client_from_config() as api:
        client.CoreV1Api(api).create_namespaced_config_map(namespace, child)
        api.rest_client.pool_manager.clear()
    patch.status["phase"] = "Open"
    kopf.info(body, reason="Opened", message=f"{name} is open")


@kopf.on.update("chat.example", "v1", "rooms", field="spec.seats")
def resized(old: int, new: int, patch: kopf.Patch, **_: Any) -> None:
    patch.status["resized"] = f"{old} -> {new}"


@kopf.timer("chat.example", "v1", "rooms", interval=0.3)
def tick(status: kopf.Status, patch: kopf.Patch, **_: Any) -> None:
    if status.get("ticks", 0) < 3:
        patch.status["ticks"] = status.get("ticks", 0) + 1


@kopf.daemon("chat.example", "v1", "rooms", cancellation_polling=0.2)
async def watch_over(stopped: kopf.DaemonStopped, name: str, logger: Any, **_: Any) -> None:
    logger.info(f"daemon of {name} began")
    while not stopped:
        await asyncio.sleep(0.05)
    logger.info(f"daemon of {name} ended")


@kopf.on.delete("chat.example", "v1", "rooms")
def deleted(name: str, logger: Any, **_: Any) -> None:
    logger.info(f"{name} is closed")
