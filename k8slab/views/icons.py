"""A shape for every kind, in the colour of its family: what stands in the tile of a card and in a legend.

Shapes are SVG paths in a square from -1 to 1, filled by the even-odd rule. A card always has its kind in words beside the
shape, so neither shape nor colour is needed to understand it.
"""

from typing import NamedTuple

__all__ = ["KIND_ICONS", "Icon", "icon_table"]


class Icon(NamedTuple):
    """Path, colour in a light and in a dark theme."""

    path: str
    light: str
    dark: str


_BLUE, _PINK, _GOLD = ("#0072b2", "#56b4e9"), ("#b0568a", "#e09cc2"), ("#b37a00", "#e69f00")
_SLATE, _TEAL = ("#57606a", "#b6bec7"), ("#00755a", "#1fc195")

_LAYERS = "M0,-.95L1,-.45L0,.05L-1,-.45ZM-1,.02L-.72,-.12L0,.24L.72,-.12L1,.02L0,.52ZM-1,.48L-.72,.34L0,.7L.72,.34L1,.48L0,.98Z"
_COPIES = "M-.9,-.9H.35V-.5H-.5V.35H-.9ZM-.35,-.35H.9V.9H-.35Z"
_DISKS = (
    "M-.8,-.65A.8,.28,0,0,1,.8,-.65A.8,.28,0,0,1,-.8,-.65ZM-.8,-.35A.8,.28,0,0,0,.8,-.35V.05A.8,.28,0,0,1,-.8,.05Z"
    "M-.8,.35A.8,.28,0,0,0,.8,.35V.7A.8,.28,0,0,1,-.8,.7Z"
)
_TILES = "M-.9,-.9H-.12V-.12H-.9ZM.12,-.9H.9V-.12H.12ZM-.9,.12H-.12V.9H-.9ZM.12,.12H.9V.9H.12Z"
_CHECK = "M-.95,-.05L-.6,-.4L-.25,-.05L.6,-.85L.95,-.5L-.25,.7Z"
_CLOCK = "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0ZM-.13,-.68H.13V-.08L.55,.28L.38,.48L-.13,.06Z"
_FORK = "M-1,-.16H-.25L.25,-.75H.45V-1L1,-.6L.45,-.2V-.45H.4L.02,0L.4,.45H.45V.2L1,.6L.45,1V.75H.25L-.25,.16H-1Z"
_ARROW = "M-1,-.2H.1V-.7L1,0L.1,.7V.2H-1Z"
_DOTS = (
    "M-.95,-.6A.3,.3,0,1,1,-.35,-.6A.3,.3,0,1,1,-.95,-.6ZM-.95,.6A.3,.3,0,1,1,-.35,.6A.3,.3,0,1,1,-.95,.6Z"
    "M-.1,-.72H1V-.48H-.1ZM-.1,.48H1V.72H-.1Z"
)
_DOOR = "M-1,-.16H-.15V-.6L.5,0L-.15,.6V.16H-1ZM.2,-.95H.95V.95H.2V.7H.65V-.7H.2Z"
_ARCH = "M-.95,.9V-.05A.95,.95,0,0,1,.95,-.05V.9H.45V-.05A.45,.45,0,0,0,-.45,-.05V.9Z"
_PERSON = "M-.42,-.5A.42,.42,0,1,1,.42,-.5A.42,.42,0,1,1,-.42,-.5ZM-.85,.9A.85,.8,0,0,1,.85,.9Z"
_PEOPLE = (
    "M-.75,-.45A.34,.34,0,1,1,-.07,-.45A.34,.34,0,1,1,-.75,-.45ZM.15,-.45A.3,.3,0,1,1,.75,-.45A.3,.3,0,1,1,.15,-.45Z"
    "M-1,.75A.6,.65,0,0,1,.18,.75ZM.32,.75A.8,.8,0,0,0,.2,.2A.55,.6,0,0,1,1,.75Z"
)
_ROBOT = "M-.12,-1H.12V-.6H.75V.8H-.75V-.6H-.12ZM-.45,-.15V.15H-.15V-.15ZM.15,-.15V.15H.45V-.15ZM-.35,.4V.55H.35V.4Z"
_SHIELD = "M0,-1L.85,-.65V0C.85,.5,.4,.85,0,1C-.4,.85,-.85,.5,-.85,0V-.65Z"
_LINK = (
    "M-1,0A.5,.5,0,0,1,-.5,-.5H-.1V-.22H-.5A.22,.22,0,0,0,-.5,.22H-.1V.5H-.5A.5,.5,0,0,1,-1,0Z"
    "M1,0A.5,.5,0,0,0,.5,-.5H.1V-.22H.5A.22,.22,0,0,1,.5,.22H.1V.5H.5A.5,.5,0,0,0,1,0ZM-.4,-.12H.4V.12H-.4Z"
)
_KEY = "M-1,0A.5,.5,0,0,1,-.04,-.18H1V.18H.82V.48H.5V.18H-.04A.5,.5,0,0,1,-1,0ZM-.68,0A.18,.18,0,1,0,-.32,0A.18,.18,0,1,0,-.68,0Z"
_PAGE = "M-.75,-.95H.3L.75,-.5V.95H-.75ZM-.42,-.15V.05H.42V-.15ZM-.42,.35V.55H.42V.35Z"
_LOCK = "M-.75,-.1H.75V.95H-.75ZM-.52,-.1V-.4A.52,.55,0,0,1,.52,-.4V-.1H.28V-.4A.28,.3,0,0,0,-.28,-.4V-.1Z"
_TICKET = "M-.95,-.6H.95V-.22A.22,.22,0,0,0,.95,.22V.6H-.95V.22A.22,.22,0,0,0,-.95,-.22Z"
_DRUM = "M-.8,-.55A.8,.35,0,0,1,.8,-.55V.55A.8,.35,0,0,1,-.8,.55ZM-.55,-.5A.55,.18,0,0,0,.55,-.5A.55,.18,0,0,0,-.55,-.5Z"
_SHELVES = "M-.9,-.85H.9V-.4H-.9ZM-.9,-.22H.9V.22H-.9ZM-.9,.4H.9V.85H-.9Z"
_SERVER = "M-.9,-.75H.9V-.08H-.9ZM-.9,.08H.9V.75H-.9ZM.42,-.52V-.3H.68V-.52ZM.42,.3V.52H.68V.3Z"
_FRAME = "M-.95,-.95H.95V.95H-.95ZM-.62,-.62V.62H.62V-.62Z"
_DISC = "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0Z"
_THREE = "M-.42,-.5A.42,.42,0,1,1,.42,-.5A.42,.42,0,1,1,-.42,-.5ZM-.95,.45A.42,.42,0,1,1,-.1,.45A.42,.42,0,1,1,-.95,.45ZM.1,.45A.42,.42,0,1,1,.95,.45A.42,.42,0,1,1,.1,.45Z"  # noqa: E501

#: Kind -> how it looks.
KIND_ICONS: dict[str, Icon] = {
    "Deployment": Icon(_LAYERS, *_BLUE), "ReplicaSet": Icon(_COPIES, *_BLUE), "StatefulSet": Icon(_DISKS, *_BLUE),
    "DaemonSet": Icon(_TILES, *_BLUE), "Job": Icon(_CHECK, *_BLUE), "CronJob": Icon(_CLOCK, *_BLUE),
    "Pod": Icon(_DISC, *_TEAL), "Pods": Icon(_THREE, *_TEAL), "Node": Icon(_SERVER, *_SLATE), "Nodes": Icon(_SERVER, *_SLATE),
    "Zone": Icon(_FRAME, *_SLATE), "Namespace": Icon(_FRAME, *_SLATE),
    "Client": Icon(_PERSON, *_SLATE), "Service": Icon(_FORK, *_PINK), "EndpointSlice": Icon(_DOTS, *_PINK),
    "Ingress": Icon(_DOOR, *_PINK), "Gateway": Icon(_ARCH, *_PINK), "HTTPRoute": Icon(_ARROW, *_PINK),
    "NetworkPolicy": Icon(_SHIELD, *_PINK),
    "ConfigMap": Icon(_PAGE, *_GOLD), "Secret": Icon(_LOCK, *_GOLD), "ServiceAccount": Icon(_ROBOT, *_BLUE),
    "User": Icon(_PERSON, *_BLUE), "Group": Icon(_PEOPLE, *_BLUE), "Role": Icon(_SHIELD, *_GOLD),
    "ClusterRole": Icon(_SHIELD, *_GOLD), "RoleBinding": Icon(_LINK, *_SLATE), "ClusterRoleBinding": Icon(_LINK, *_SLATE),
    "Permission": Icon(_KEY, *_TEAL),
    "PersistentVolumeClaim": Icon(_TICKET, *_BLUE), "PersistentVolume": Icon(_DRUM, *_GOLD),
    "StorageClass": Icon(_SHELVES, *_PINK), "VolumeAttachment": Icon(_LINK, *_SLATE),
}  # fmt: skip


def icon_table() -> dict[str, dict[str, str | bool]]:
    """Return the icons as plain data under ``kind:<Kind>``, as the browser gets them beside the states."""
    return {
        f"kind:{kind}": {
            "label": kind,
            "path": icon.path,
            "light": icon.light,
            "dark": icon.dark,
            "hollow": False,
            "dashed": False,
        }
        for kind, icon in KIND_ICONS.items()
    }
