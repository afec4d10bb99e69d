"""The command ``k8slab``.

Commands import what they need when they run: ``k8slab up`` is to be ready in the blink of an eye.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from k8slab.errors import K8slabError

if TYPE_CHECKING:
    from k8slab.cluster.embedded import Embedded

__all__ = ["app", "main"]

app = typer.Typer(
    name="k8slab", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

State = Annotated[
    Path | None, typer.Option(help="State directory of the embedded cluster.", envvar="K8SLAB_STATE", show_default=False)
]
Which = Annotated[
    str, typer.Option("--cluster", help="auto, embedded, kind, kind:NAME or context:NAME.", envvar="K8SLAB_CLUSTER")
]


@app.callback()
def _root() -> None:
    """Learn Kubernetes by doing it: a lab in JupyterLab, with a cluster of its own."""


@app.command()
def up(
    context: typer.Context,
    which: Which = "auto",
    state: State = None,
    nodes: Annotated[int, typer.Option(min=0, max=1000, help="Number of worker nodes.")] = 3,
    config: Annotated[
        Path | None, typer.Option(help="A kind configuration that gives the nodes.", exists=True, dir_okay=False)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same names and choices.")] = None,
    clock: Annotated[str, typer.Option(help="real, accelerated or stepped.")] = "real",
    rate: Annotated[float, typer.Option(help="Simulated seconds per second of an accelerated clock.")] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API server; 0: any.")] = 0,
    no_start_delays: Annotated[bool, typer.Option("--no-start-delays", help="Pull and start containers in no time.")] = False,
    no_network_policy: Annotated[
        bool, typer.Option("--no-network-policy", help="A network plugin that does not enforce NetworkPolicies.")
    ] = False,
    pod_network: Annotated[
        str, typer.Option(help="How nodes carry pods' packets: routed (kindnet, Calico) or overlay (flannel).")
    ] = "routed",
    no_system_pods: Annotated[
        bool, typer.Option("--no-system-pods", help="CoreDNS, kube-proxy and the control plane do not show as pods.")
    ] = False,
    image: Annotated[str | None, typer.Option(help="Node image of a kind cluster.", show_default=False)] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add a kind cluster to your own kubeconfig too, as its current context.")
    ] = False,
    no_ingress: Annotated[bool, typer.Option("--no-ingress", help="No Ingress controller.")] = False,
) -> None:
    """Start a cluster (the embedded one, if no other is named), or say where it runs."""
    from k8slab.cluster import embedded

    if which not in ("auto", "embedded"):
        from k8slab.cluster.commands import up_elsewhere

        up_elsewhere(which, config, image, merge, [n for n in context.params if _given(context, n)])
        return
    if image or merge:
        raise K8slabError("--image and --merge are for kind clusters only: k8slab up --cluster kind")

    if clock not in ("real", "accelerated", "stepped"):
        raise K8slabError(f'--clock must be "real", "accelerated" or "stepped", not "{clock}"')
    if not 0 < rate <= 100_000:
        raise K8slabError(f'--rate must be more than 0 and at most 100000, not "{rate:g}"')
    if pod_network not in ("routed", "overlay"):
        raise K8slabError(f'--pod-network must be "routed" or "overlay", not "{pod_network}"')
    before = embedded.find(state)
    if before is None and nodes > 100:
        typer.echo(f"starting a cluster of {nodes} nodes ...", err=True)
    cluster = embedded.up(
        state,
        nodes=nodes,
        kind_config=config,
        seed=seed,
        clock=clock,
        rate=rate,
        port=port,
        start_delays=not no_start_delays,
        network_policy=not no_network_policy,
        pod_network=pod_network,
        system_pods=not no_system_pods,
        ingress=not no_ingress,
    )
    typer.echo(f"the embedded cluster {'runs' if before else 'is ready'} at {cluster.url}")
    typer.echo(f'to use it in this shell: export KUBECONFIG="{cluster.kubeconfig}"')


@app.command()
def down(
    which: Which = "auto",
    state: State = None,
    keep: Annotated[bool, typer.Option(help="Keep the embedded cluster's state for the next start.")] = False,
) -> None:
    """Stop the embedded cluster and remove everything it kept; of any other cluster, remove what k8slab made there."""
    from k8slab.cluster import embedded

    if which not in ("auto", "embedded"):
        from k8slab.cluster import source

        typer.echo(source(which).down())
        return
    there = embedded.down(state, keep=keep)
    typer.echo(("the cluster is stopped" if keep else "the cluster is gone") if there else "there was no cluster")


@app.command()
def status(which: Which = "auto", state: State = None) -> None:
    """Say whether a cluster runs, and what is in it."""
    from k8slab.cluster import embedded, source
    from k8slab.cluster.facts import facts

    chosen = source(which, state)
    if not chosen.running():
        how = "k8slab up" if chosen.kind == "embedded" else f"k8slab up --cluster {chosen}"
        typer.echo(f'no {chosen.kind} cluster is running; "{how}" starts one')
        raise typer.Exit(1)
    found = embedded.find(state) if chosen.kind == "embedded" else None
    for name, value in (facts(found) if found else chosen.status()).items():
        typer.echo(f"{name:<12}{value}")


@app.command()
def kubeconfig(which: Which = "auto", state: State = None) -> None:
    """Print the path of the kubeconfig of a cluster."""
    from k8slab.cluster import source

    typer.echo(source(which, state).kubeconfig)


@app.command()
def capabilities(which: Which = "auto", state: State = None) -> None:
    """Say what a running cluster can and cannot do, and how that was found out."""
    from k8slab.cluster import source

    for capability in source(which, state).capabilities():
        typer.echo(f"{ {True: 'yes', False: 'no', None: '?'}[capability.there]:<4}{capability.name:<15}{capability.how}")


@app.command("load-image")
def load_image(image: Annotated[str, typer.Argument(help="An image of this computer.")], which: Which = "kind") -> None:
    """Copy an image of this computer into the nodes of a kind cluster."""
    from k8slab.cluster import source

    source(which).load_image(image)
    typer.echo(f'"{image}" is in the nodes of {source(which)}')


@app.command()
def addon(
    name: Annotated[str, typer.Argument(help="chatter (the labs' images), metrics-server, ingress or calico.")],
    which: Which = "kind",
) -> None:
    """Install what a plain kind cluster lacks, at a pinned version, and wait until it runs."""
    from k8slab.cluster.commands import add

    typer.echo(add(which, name))


@app.command()
def clock(
    state: State = None,
    mode: Annotated[str | None, typer.Option(help="real, accelerated or stepped.", show_default=False)] = None,
    rate: Annotated[float | None, typer.Option(help="Simulated seconds per second; accelerates.", show_default=False)] = None,
    advance: Annotated[float | None, typer.Option(help="Let so many simulated seconds pass at once.", show_default=False)] = None,
    steps: Annotated[int, typer.Option(min=0, max=10_000, help="Go on to the next event, so many times.")] = 0,
) -> None:
    """Show the embedded cluster's clock, or change how its time passes."""
    from k8slab.cluster import clock as clocks

    typer.echo(clocks.turn(_running(state), mode, rate, advance, steps))


@app.command()
def snapshot(file: Annotated[Path, typer.Argument(help="File to write.", dir_okay=False)], state: State = None) -> None:
    """Save the embedded cluster: its objects, volumes, certificates and keys."""
    from k8slab.cluster import snapshot as snapshots

    snapshots.snapshot(file, state)
    typer.echo(f'the cluster is saved in "{file}"')


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="File to read.", dir_okay=False)], state: State = None) -> None:
    """Put a saved cluster in the place of the one there is, which must be stopped ("k8slab down --keep")."""
    from k8slab.cluster import snapshot as snapshots

    snapshots.restore(file, state)
    typer.echo('the cluster is restored; "k8slab up" starts it')


@app.command(context_settings={"ignore_unknown_options": True})
def why(
    question: Annotated[
        list[str], typer.Argument(help='pod/web, "pod/a -> service/b:80", can jane get pods, drain node/x', show_default=False)
    ],
    state: State = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Where to look.", show_default=False)] = None,
    as_: Annotated[str | None, typer.Option("--as", help="Who would do it: can --as jane get pods.", show_default=False)] = None,
    cluster: Which = "auto",
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="can: in the whole cluster.")] = False,
) -> None:
    """Say why a thing is as it is, on the embedded cluster or any other."""
    from k8slab.cluster.asking import ask

    answer = ask(question, cluster, state, namespace, as_, everywhere=all_namespaces)
    typer.echo(answer.text())
    if answer.confidence == "unknown":
        raise typer.Exit(2)


@app.command()
def progress(
    export: Annotated[Path | None, typer.Option(help="Write it to a file.", dir_okay=False, show_default=False)] = None,
    take: Annotated[
        Path | None, typer.Option("--import", help="Add what a file has.", exists=True, dir_okay=False, show_default=False)
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page for a class leader.", dir_okay=False, show_default=False)
    ] = None,
    name: Annotated[str, typer.Option(help="Your name, for the page.")] = "",
    own: Annotated[
        list[Path] | None,
        typer.Option("--lab", help="A lab of its own file, my-lab.md; more than once for more.", show_default=False),
    ] = None,
) -> None:
    """Show which exercises are done; keep them, take them elsewhere, hand them in. Nothing leaves this machine by itself."""
    from k8slab.lessons import reports

    typer.echo(reports.progress(export, take, page, name, own or []))


@app.command()
def reset(
    what: Annotated[str, typer.Argument(help='A lab ("01", "my-lab.md") or one exercise ("01.2", "my-lab.md.2").')],
    which: Which = "auto",
    state: State = None,
) -> None:
    """Begin a lab or one exercise again, without touching anything else."""
    from k8slab.lessons import reports

    typer.echo(reports.reset(what, which, state))


@app.command("write-lab")
def write_lab(
    file: Annotated[Path, typer.Argument(help="The lab as text: docs/teaching.md says how it is written.", dir_okay=False)],
    solved: Annotated[
        bool, typer.Option("--solved", help="Also a copy with the solutions in the exercises' cells, to try the lab with.")
    ] = False,
) -> None:
    """Make the notebook of a lab that you have written in one file. Learners need both, in the same folder."""
    from k8slab.lessons.writing.copies import write_copies

    for path in write_copies(file, solved):
        typer.echo(f'written: "{path}"')


@app.command()
def heal(state: State = None) -> None:
    """Start the API server again that a fault has stopped; other faults heal when their objects are deleted."""
    import signal

    os.kill(_running(state).pid, signal.SIGUSR1)
    typer.echo("the API server starts again")


@app.command()
def doctor(state: State = None) -> None:
    """Say what is here, what is missing and how to get it."""
    from k8slab.cluster.doctor import examine

    findings = list(examine(state))
    for finding in findings:
        typer.echo(f"{finding.mark} {finding.subject:<17} {finding.text}")
        if finding.remedy and not finding.well:
            typer.echo(f"    {'':<17} {finding.remedy}")
    if not all(f.well or f.optional for f in findings):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    state: State = None,
    labs: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the notebooks. Default: the labs k8slab came with, copied to k8slab-labs, in a clone or at home.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open JupyterLab on the labs, with the embedded cluster running; more arguments go to jupyter lab."""
    from k8slab.cluster.jupyter import run_lab

    sys.exit(run_lab(state, labs, context.args))


def _given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _running(state: Path | None) -> "Embedded":
    from k8slab.cluster import embedded

    cluster = embedded.find(state)
    if cluster is None:
        raise K8slabError('no embedded cluster is running; "k8slab up" starts one')
    return cluster


def main(arguments: list[str] | None = None) -> Any:
    """Run the command; an expected mistake is one sentence, not a traceback."""
    try:
        return app(arguments)
    except K8slabError as error:
        typer.echo(f"k8slab: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
