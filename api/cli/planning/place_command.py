"""`skb place`: cores for an application's dispatchers, and the words that bind them there."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import count, seconds, table

EXIT_CODES = {"infeasible": 1, "unknown": 4}


@command("place")
@click.argument("machine", required=False)
@click.argument("app", required=False, metavar="APP.toml")
@click.option("--latency", metavar="FILE.csv", help="One-way latencies in ns, instead of MACHINE.")
@click.option("--traffic", metavar="FILE.csv", help="Bytes per second between threads, instead of APP.toml.")
@click.option("--qaplib", metavar="FILE.dat", help="A quadratic assignment problem instead.")
@click.option("--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="Search for so long.")
@click.option("--iterations", type=click.IntRange(1), help="Search by so many steps, reproducibly.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="For the search.")
@click.option("--exhaustive", is_flag=True, help="Try every map, too: for small applications.")
@click.option("--emit", metavar="FORMAT", help="Print the map in words for a launcher; see below.")
def place(
    door: Door,
    machine: str | None,
    app: str | None,
    latency: str | None,
    traffic: str | None,
    qaplib: str | None,
    time_limit: float | None,
    iterations: int | None,
    seed: int,
    exhaustive: bool,
    emit: str | None,
) -> Reply:
    """Choose cores of MACHINE for the dispatchers of APP.toml, at the least traffic x latency."""
    from api.bindings import check_format

    search = {"time_limit": time_limit, "iterations": iterations, "seed": seed, "mappers": _mappers(time_limit)}
    given = (machine is not None and app is not None, latency is not None and traffic is not None, bool(qaplib))
    if sum(given) != 1 or (machine is not None) != (app is not None) or (latency is None) != (traffic is None):
        raise click.UsageError("MACHINE APP.toml, or --latency with --traffic, or --qaplib is needed")
    if exhaustive and not given[0]:
        raise click.UsageError("--exhaustive needs MACHINE and APP.toml")
    if emit is not None:
        check_format(emit, has_machine=given[0])
    if given[0]:
        return _on_machine(door, str(machine), str(app), search, emit, exhaustive)
    placement = _by_matrices(latency, traffic, qaplib, search)
    return _reply(placement, None)


def _mappers(time_limit: float | None) -> tuple[Any, ...]:
    """Scotch where it is installed and the search ends by the clock; an answer that repeats depends on no such tool."""
    from experiments.scotch import is_installed, scotch_map

    return (scotch_map,) if time_limit is not None and is_installed() else ()


def _reply(placement: Any, emitted: dict[str, Any] | None) -> Reply:
    document = placement.to_json()
    if emitted is None:
        return Reply(document, lambda: placement_text(placement), EXIT_CODES.get(placement.status, 0))
    return Reply({**document, "emit": emitted}, lambda: str(emitted["text"]))


def _on_machine(
    door: Door, machine: str, app: str, search: dict[str, Any], emit: str | None, exhaustive: bool
) -> Reply:
    from api.bindings import emitted
    from api.sources import read_text
    from planner.applications.application import Application
    from planner.machine.topology import Topology
    from planner.placement import place as solve
    from planner.verify.exhaustive import try_every_map

    application = Application.from_toml(read_text(app, "the application"), app)
    with door.store() as store:
        topology = Topology.of(store.knowledge(machine))
    placement = solve(application, topology, **search)
    if exhaustive:
        placement = placement.with_extra("exhaustive", try_every_map(application, topology).to_json())
    if emit is None or placement.status in EXIT_CODES:
        return _reply(placement, None)
    return _reply(placement, emitted(emit, placement, application, topology))


def _by_matrices(latency: str | None, traffic: str | None, qaplib: str | None, search: dict[str, Any]) -> Any:
    from api.sources import read_text
    from planner.matrix_text import read_matrix, read_qaplib
    from planner.placement import place_matrix, qap

    if qaplib is not None:
        return qap(*read_qaplib(read_text(qaplib, "the instance"), qaplib), **search)
    latency_ns = read_matrix(read_text(str(latency), "the latency matrix"), str(latency))
    rates = read_matrix(read_text(str(traffic), "the traffic matrix"), str(traffic))
    return place_matrix(latency_ns, rates, **search)


def placement_text(placement: Any) -> str:
    """Each dispatcher's core with its OS index, then cost, bound and what simple policies would cost."""
    if placement.status == "infeasible":
        least = "leaving out any one would leave a placement" if placement.is_minimal else "fewer may do"
        conflict = f"no placement exists; in conflict: {', '.join(placement.conflict) or 'the sizes'} ({least})"
        return "\n".join([conflict, *(f"  {one.text}" for one in placement.relaxations)])
    if not placement.seats:
        return "no placement was found within the limit, and none was ruled out"
    rows = [[name, seat.core, seat.os_index, seat.numa_node] for name, seat in placement.seats.items()]
    others = ", ".join(f"{name} {_plain(cost)}" for name, cost in placement.baselines.items())
    return "\n".join(
        [
            table(["dispatcher", "core", "OS index", "NUMA node"], rows),
            f"{placement.status}: cost {_plain(placement.cost)} {placement.unit}, at least {_plain(placement.bound)} "
            f"is needed (gap {placement.gap:.1%}); {others}",
            f"{count(len(rows), 'dispatcher')}, latencies {placement.certainty}, found in {seconds(placement.seconds)}",
            *_tried(placement.extra.get("exhaustive")),
            *(f"note: {note}" for note in placement.notes),
        ]
    )


def _tried(tried: dict[str, Any] | None) -> list[str]:
    if tried is None:
        return []
    best = f"{_plain(tried['cost'])} at {tried['equals']} of them" if tried["kept"] else "none"
    return [f"tried {tried['maps']} maps, {tried['kept']} keep the constraints; the best cost {best}"]


def _plain(cost: float) -> str:
    """Whole and with thousands apart where it is large, else with what counts of it."""
    return f"{cost:,.0f}" if abs(cost) >= 1000 else f"{cost:g}"
