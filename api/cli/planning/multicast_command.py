"""`skb multicast`: the tree by which one core reaches a group of others."""

import json
from collections.abc import Mapping
from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import seconds, table

MATRICES = ("latency", "delay", "busy", "send", "receive", "propagation")
MOST_MOVES_SHOWN = 20


@command("multicast")
@click.argument("machine", required=False)
@click.option("--root", required=True, metavar="CORE", help="The core that sends first, or `choose`.")
@click.option("--members", metavar="LIST", help="Cores to reach, as 0-7,12; all allowed ones by default.")
@click.option("--method", default="best", help="best, exact, lookahead, or a baseline named below.")
@click.option("--objective", default="last_receive", help="last_receive or with_ack.")
@click.option("--latency", metavar="FILE.csv", help="One-way latencies in ns instead of a machine.")
@click.option("--delay", metavar="FILE.csv", help="Instead: ns from a send's start until the receiver may forward.")
@click.option("--busy", metavar="FILE.csv", help="With --delay: ns that a send keeps its sender busy.")
@click.option("--send", metavar="FILE.csv", help="Instead: ns to send; with --receive.")
@click.option("--receive", metavar="FILE.csv", help="With --send: ns to receive.")
@click.option("--propagation", metavar="FILE.csv", help="With --send and --receive: ns in between; 0 if left out.")
@click.option("--send-share", type=float, metavar="SHARE", help="The sender's part of a latency, 0 to 1.")
@click.option("--max-fanout", type=int, metavar="N", help="No core sends to more than N others.")
@click.option("--max-depth", type=int, metavar="N", help="No core is more than N messages from the root.")
@click.option("--previous", metavar="FILE.json", help="An earlier answer: only those move who have to.")
@click.option("--time-limit", type=click.FloatRange(0, 86_400), metavar="SECONDS", help="Search for so long.")
@click.option("--iterations", type=click.IntRange(0), help="Search by so many steps.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For the search.")
def multicast(
    door: Door, machine: str | None, root: str, members: str | None, previous: str | None, **asked: Any
) -> Reply:
    """Build the multicast tree of earliest completion from the ROOT core of MACHINE."""
    from planner.cpu_list import parse_cpu_list

    files = {name: asked.pop(name) for name in MATRICES}
    given = {name: path for name, path in files.items() if path is not None}
    if (machine is None) == (not given):
        raise click.UsageError("either a MACHINE or --latency FILE.csv, or another cost, is needed")
    chosen = None if members is None else parse_cpu_list(members, "--members")
    search = {**asked, "previous": None if previous is None else _read_previous(previous)}
    first = int(root) if root.isascii() and root.isdecimal() and len(root) < 10 else root
    if machine is None:
        tree = _of_matrices(given, first, chosen, search)
    else:
        tree = _of_machine(door, machine, first, chosen, search)
    return Reply(tree.to_json(), lambda: tree_text(tree))


def _of_machine(door: Door, machine: str, root: int | str, chosen: Any, search: dict[str, Any]) -> Any:
    from planner.machine.topology import Topology
    from planner.trees.tree import multicast as build

    with door.store() as store:
        topology = Topology.of(store.knowledge(machine))
    return build(topology, root, chosen, **search)


def _of_matrices(files: Mapping[str, str], root: int | str, chosen: Any, search: dict[str, Any]) -> Any:
    from api.sources import read_text
    from planner.matrix_text import read_matrix
    from planner.trees.tree import multicast_matrix

    matrices = {name: read_matrix(read_text(path, f"the {name} matrix"), path) for name, path in files.items()}
    return multicast_matrix(matrices, root, chosen, **search)


def _read_previous(path: str) -> Any:
    from api.failures import BadRequest
    from api.sources import read_text
    from planner.trees.search.repair import sends_of

    try:
        document = json.loads(read_text(path, "the previous tree"))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the previous tree {path} is no JSON: {error}; an earlier answer is accepted") from error
    return sends_of(document)


def tree_text(tree: Any) -> str:
    """Who sends to whom in which order, how long it takes, and what has moved."""
    rows = [
        [sender, ", ".join(map(str, children)), tree.ready_ps[sender] / 1000]
        for sender, children in sorted(tree.sends.items(), key=lambda item: tree.ready_ps[item[0]])
        if children
    ]
    certainty = {"measured": "measured", "stated": "stated", "estimated": "partly estimated"}[tree.certainty]
    proof = "proven optimal" if tree.is_proven else f"at most {tree.gap:.1%} from the best"
    until = " and acknowledged" if tree.objective == "with_ack" else ""
    return "\n".join(
        [
            table(["core", "sends in this order to", "ready at ns"], rows),
            f"{len(tree.members)} cores reached{until} from core {tree.root} in {tree.makespan_ps / 1000:,.1f} ns; "
            f"no tree can take less than {tree.lower_bound_ps / 1000:,.1f} ns ({proof})",
            f"the last core waits for {' > '.join(map(str, tree.critical_path))}",
            *_changes_text(tree.changes),
            f"method {tree.method}, latencies {certainty}, found in {seconds(tree.seconds)}",
        ]
    )


def _changes_text(changes: Any) -> list[str]:
    if changes is None:
        return []
    lines = [f"{len(changes.joined)} joined, {len(changes.left)} left, {changes.kept} keep their sender"]
    for one in changes.moved[:MOST_MOVES_SHOWN]:
        lines.append(f"core {one.core} moves from {one.former} to {one.sender}: {one.reason}")
    if len(changes.moved) > MOST_MOVES_SHOWN:
        lines.append(f"and {len(changes.moved) - MOST_MOVES_SHOWN} more move")
    return lines
