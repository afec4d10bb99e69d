"""What one would type into a terminal for what a view shows or a button does: kubectl, to the letter.

The namespace is always named: a terminal knows nothing of the lab's.
"""

from k8slab.topology.catalogue import Topology
from k8slab.topology.select import Choice, is_selector

__all__ = ["object_commands", "view_command"]


def view_command(topology: Topology, choice: Choice) -> str:
    """Return the command that lists what the view shows.

    >>> from k8slab.topology.catalogue import TOPOLOGIES
    >>> view_command(TOPOLOGIES["traffic"], Choice(namespace="chat", text="app=web"))
    'kubectl get ingresses,services,endpointslices,pods -o wide -n chat -l app=web'
    """
    command = f"kubectl get {topology.ask}"
    if not topology.ask.startswith("nodes"):
        command += f" -n {choice.namespace}" if choice.namespace else " -A"
    text = choice.text.strip()
    if not text:
        return command
    if is_selector(text):
        return f"{command} -l {_quoted(text)}"
    return f"{command} | grep {_quoted(text)}"


def object_commands(kind: str, name: str, namespace: str) -> list[list[str]]:
    """Return [what it shows, command] for one object.

    >>> object_commands("Pod", "web", "chat")[0]
    ['Everything about it', 'kubectl describe pod/web -n chat']
    """
    where = f" -n {namespace}" if namespace else ""
    thing = f"{kind.lower()}/{name}"
    commands = [
        ["Everything about it", f"kubectl describe {thing}{where}"],
        ["As YAML", f"kubectl get {thing} -o yaml{where}"],
        ["Why it is so", f"k8slab why {thing}{where}"],
    ]
    if kind == "Pod":
        commands.insert(2, ["What it says", f"kubectl logs {name}{where}"])
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        commands.insert(2, ["How its rollout goes", f"kubectl rollout status {thing}{where}"])
    if kind == "Node":
        commands.insert(2, ["The pods on it", f"kubectl get pods -A -o wide --field-selector spec.nodeName={name}"])
    return commands


def _quoted(text: str) -> str:
    return text if all(c.isalnum() or c in "=.,/_-" for c in text) else "'" + text.replace("'", "'\\''") + "'"
