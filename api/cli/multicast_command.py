"""`skb multicast`: the tree by which one core reaches a group of others."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import seconds, table


@command("multicast")
@click.argument("machine", required=False)
@click.option("--root", type=int, required=True, metavar="CORE", help="The core that sends first.")
@click.option("--members", metavar="LIST", help="Cores to reach, as 0-7,12; all allowed ones by default.")
@click.option("--method", default="lookahead", help="lookahead, two-level, sequential, binomial or mst.")
@click.option("--latency", metavar="FILE.csv", help="One-way latencies in ns instead of a machine.")
@click.option("--send-share", type=float, metavar="SHARE", help="The sender's part of a latency, 0 to 1.")
@click.option("--time-limit", type=click.FloatRange(0, 86_400), metavar="SECONDS", help="Improve for so long.")
@click.option("--iterations", type=click.IntRange(0), default=0, help="Improve by so many steps.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For the improving steps.")
def multicast(
    door: Door,
    machine: str | None,
    root: int,
    members: str | None,
    method: str,
    latency: str | None,
    send_share: float | None,
    time_limit: float | None,
    iterations: int,
    seed: int,
) -> Reply:
    """Build the multicast tree of earliest completion from the ROOT core of MACHINE."""
    from planner.cpu_list import parse_cpu_list

    if (machine is None) == (latency is None):
        raise click.UsageError("either a MACHINE or --latency FILE.csv is needed")
    chosen = None if members is None else parse_cpu_list(members, "--members")
    search: dict[str, Any] = {
        "method": method,
        "iterations": iterations,
        "time_limit": time_limit,
        "seed": seed,
    }
    if send_share is not None:
        search["send_share"] = send_share
    tree = _of_matrix(latency, root, chosen, search) if latency else _of_machine(door, machine, root, chosen, search)
    return Reply(tree.to_json(), lambda: tree_text(tree))


def _of_machine(door: Door, machine: str | None, root: int, chosen: Any, search: dict[str, Any]) -> Any:
    from planner.machine.topology import Topology
    from planner.trees.tree import multicast as build

    with door.store() as store:
        topology = Topology.of(store.knowledge(str(machine)))
    return build(topology, root, chosen, **search)


def _of_matrix(latency: str, root: int, chosen: Any, search: dict[str, Any]) -> Any:
    from api.sources import read_text
    from planner.matrix_text import read_matrix
    from planner.trees.tree import multicast_matrix

    latency_ns = read_matrix(read_text(latency, "the latency matrix"), latency)
    return multicast_matrix(latency_ns, root, chosen, **search)


def tree_text(tree: Any) -> str:
    """Who sends to whom in which order, and how long it takes."""
    rows = [
        [sender, ", ".join(map(str, children)), tree.ready_ps[sender] / 1000]
        for sender, children in sorted(tree.sends.items(), key=lambda item: tree.ready_ps[item[0]])
        if children
    ]
    certainty = {"measured": "measured", "stated": "stated", "estimated": "partly estimated"}[tree.certainty]
    proof = "proven optimal" if tree.is_proven else f"at most {tree.gap:.1%} from the best"
    return "\n".join(
        [
            table(["core", "sends in this order to", "ready at ns"], rows),
            f"{len(tree.members)} cores reached from core {tree.root} in {tree.makespan_ps / 1000:,.1f} ns; "
            f"no tree can take less than {tree.lower_bound_ps / 1000:,.1f} ns ({proof})",
            f"method {tree.method}, latencies {certainty}, found in {seconds(tree.seconds)}",
        ]
    )
