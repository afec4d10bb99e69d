"""Steps that rewrite what was recorded into what a real cluster shows where the embedded one cannot have the fault."""

from collections.abc import Callable

from k8slab.apimachinery.types import Object, name_of
from tests.explain.produce.lab import Lab, Objects

Step = Callable[[Lab], None]


def drop_events(lab: Lab) -> None:
    """Events are kept for an hour: this is later."""
    lab.rewrites.append(lambda objects: [o for o in objects if o["kind"] != "Event"])


def change(kind: str, name: str, how: Callable[[Object], object]) -> Step:
    """Change an object in place."""

    def rewrite(objects: Objects) -> Objects:
        for obj in objects:
            if obj["kind"] == kind and name_of(obj) == name:
                how(obj)
        return objects

    return lambda lab: lab.rewrites.append(rewrite)


def status_of(kind: str, name: str, how: Callable[[Object], object]) -> Step:
    """Change an object's status in place."""
    return change(kind, name, lambda obj: how(obj["status"]))


def retold(name: str, message: str) -> Step:
    """Let the waiting state of a pod's container have another message."""

    def how(status: Object) -> None:
        for container in status["containerStatuses"]:
            container["state"]["waiting"]["message"] = message

    return status_of("Pod", name, how)


def pulled(image: str, message: str) -> Step:
    """Let the pull of pod/web's image have failed with another registry's words."""
    words = message.format(image=image)

    def how(pod: Object) -> None:
        pod["spec"]["containers"][0]["image"] = image
        for container in pod["status"]["containerStatuses"]:
            container["image"] = image
            container["state"] = {
                "waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}": ErrImagePull: {words}'}
            }

    def events(objects: Objects) -> Objects:
        return [
            {**o, "message": f'Failed to pull image "{image}": {words}'}
            if o.get("reason") == "Failed" and "pull image" in o["message"]
            else o
            for o in objects
        ]

    def step(lab: Lab) -> None:
        change("Pod", "web", how)(lab)
        lab.rewrites.append(events)

    return step
