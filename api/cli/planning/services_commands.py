"""`skb driver`, `skb memory` and `skb scheme`: what operating-system services ask of a machine."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.tables import table


@command("driver")
@click.argument("machine")
@click.argument("device")
@click.option("--clients", metavar="LIST", default="", help="Cores that the driver talks with, as 0-3,8.")
def driver(door: Door, machine: str, device: str, clients: str) -> Reply:
    """Choose the core of MACHINE for the driver of DEVICE, and for the device's interrupts."""
    from planner.cpu_list import parse_cpu_list
    from planner.services.drivers import place_driver

    chosen = parse_cpu_list(clients, "--clients") if clients else ()
    found = place_driver(_topology(door, machine), device, clients=chosen)
    return Reply(found.to_json(), lambda: _driver_text(found))


def _driver_text(found: Any) -> str:
    device, route = found.device, found.to_json()["interrupt"]
    distance = "unknown" if found.distance is None else found.distance
    lines = [
        f"{' '.join((device.label, *device.names))}: driver and interrupts on core {found.core}"
        f" (OS index {'-' if found.os_index is None else found.os_index}), distance {distance},"
        f" load {found.load_ppm / 10_000:.1f} %",
    ]
    if found.equals:
        lines.append(f"as good: core {', '.join(map(str, found.equals))}")
    if "smp_affinity_list" in route:
        lines.append(
            f"echo {route['smp_affinity_list']} > /proc/irq/N/smp_affinity_list   (N of the device's interrupts)"
        )
    return "\n".join(lines)


@command("memory")
@click.argument("machine")
@click.option("--cores", required=True, metavar="LIST", help="The cores that use the memory, as 0-7.")
@click.option("--size", required=True, metavar="SIZE", help='Bytes, or as "2 GiB".')
@click.option("--private", "is_private", is_flag=True, help="So much for each core alone, not for all together.")
def memory(door: Door, machine: str, cores: str, size: str, is_private: bool) -> Reply:
    """Choose memory nodes of MACHINE for what a group of cores uses."""
    from planner.cpu_list import parse_cpu_list
    from planner.services.memory import place_memory
    from planner.toml_fields import Fields

    asked: dict[str, Any] = {"size": int(size) if size.isascii() and size.isdecimal() and len(size) < 16 else size}
    size_bytes = Fields(asked, "skb memory", "", {}).size_bytes("size") or 0
    chosen = parse_cpu_list(cores, "--cores")
    found = place_memory(_topology(door, machine), chosen, size_bytes, is_private=is_private)
    return Reply(found.to_json(), lambda: _memory_text(found))


def _memory_text(found: Any) -> str:
    rows = [[node, size] for node, size in found.node_bytes.items()]
    homes = [f"core {core}: node {node}" for core, node in found.homes.items()]
    nodes = table(["NUMA node", "bytes"], rows)
    return "\n".join([nodes, f"{found.policy}, mean access {found.cost:g} {found.unit}", *homes, *found.notes])


@command("scheme")
@click.argument("machine")
@click.option("--cores", required=True, metavar="LIST", help="The cores that keep common state, as 0-7.")
@click.option("--lines", type=click.IntRange(1), default=3, help="Cache lines that an operation touches; 3 by default.")
@click.option("--read-share", type=click.FloatRange(0, 1), default=0.0, help="The part of operations that only read.")
def scheme(door: Door, machine: str, cores: str, lines: int, read_share: float) -> Reply:
    """Choose between shared memory, messages to a server and replicas for cores of MACHINE."""
    from planner.cpu_list import parse_cpu_list
    from planner.services.schemes import choose_scheme

    chosen = parse_cpu_list(cores, "--cores")
    found = choose_scheme(_topology(door, machine), chosen, lines=lines, read_share=read_share)
    return Reply(found.to_json(), lambda: _scheme_text(found))


def _scheme_text(found: Any) -> str:
    rows = sorted(found.costs_ns.items(), key=lambda item: item[1])
    best = f"{found.scheme} (latencies {found.certainty}; server of messages: core {found.server})"
    return "\n".join([best, table(["scheme", "ns an operation"], rows), *(f"note: {note}" for note in found.notes)])


def _topology(door: Door, machine: str) -> Any:
    from planner.machine.topology import Topology

    with door.store() as store:
        return Topology.of(store.knowledge(machine))
