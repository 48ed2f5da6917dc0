"""`skb load`, `machines`, `show`, `export`: machines into the store, and out for reading."""

from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import Reply
from api.failures import BadRequest
from api.tables import count, seconds, size, table

EXPORT_FORMATS = ("facts", "hwloc-xml")


@command("load")
@click.argument("source")
@click.option("--machine", metavar="NAME", help="The machine's name; the source's own by default.")
@click.option("--measure", is_flag=True, help="With `host`: time messages between all its cores, too.")
@click.option(
    "--time-limit", type=click.FloatRange(0.001, 86_400), metavar="SECONDS", help="For --measure; 60 by default."
)
def load(door: Door, source: str, machine: str | None, measure: bool, time_limit: float | None) -> Reply:
    """Read a machine into the store.

    SOURCE is an hwloc XML file, a Linux snapshot (a folder with sys/ or a .tar.gz of one), a core-to-core
    latency CSV, an MCTOP .mct file, a Smelt folder, the table of `lscpu -p` or `-J -e`, a file of Prolog
    facts, the word `host`, `synthetic:pack:2 core:4 pu:2`, or a bundled machine: intel-2x4, amd-2x2,
    amd-4x4, amd-8x4, scc, scc-host.
    """
    import facts

    if measure and source != "host":
        raise click.UsageError(
            f"--measure times this machine, not {source[:80]!r}; `skb load host --measure` is accepted"
        )
    if time_limit is not None and not measure:
        raise click.UsageError("--time-limit is for --measure")
    reading = facts.read(source)
    how: dict[str, Any] = {}
    with door.store() as store:
        if measure:
            from api.host_measurement import measured

            reading, how = measured(reading, time_limit)
        report = store.load(reading, machine).to_json() | how
    return Reply(report, lambda: _load_text(report))


@command("machines")
def machines(door: Door) -> Reply:
    """List the machines of the store."""
    from api.machine_report import list_machines

    with door.store() as store:
        document = list_machines(store)
    return Reply(document, lambda: _machines_text(document))


@command("show")
@click.argument("machine")
@click.option("--svg", "svg_file", metavar="FILE", help="Write the drawing of the machine to FILE.")
def show(door: Door, machine: str, svg_file: str | None) -> Reply:
    """Show MACHINE: its parts and every core under the numbers of the SKB, the OS and the hardware."""
    from api.machine_report import describe_machine

    with door.store() as store:
        knowledge = store.knowledge(machine)
        document = describe_machine(knowledge)
        if svg_file is not None:
            _draw(knowledge, svg_file)
            document["svg"] = svg_file
    return Reply(document, lambda: _show_text(document))


@command("export")
@click.argument("machine")
@click.option(
    "--format", "format_name", default="facts", metavar="FORMAT", help="`facts` (Prolog notation) or `hwloc-xml`."
)
def export(door: Door, machine: str, format_name: str) -> Reply:
    """Write what goals see of MACHINE on stdout: each fact with its provenance, or the topology as hwloc XML v2."""
    if format_name not in EXPORT_FORMATS:
        raise BadRequest(
            f"the export format {format_name!r} is not written; {' and '.join(EXPORT_FORMATS)} are accepted",
            code="unsupported_format",
            details={"found": format_name, "accepted": list(EXPORT_FORMATS)},
        )
    with door.store() as store:
        snapshot = store.knowledge(machine).snapshot()
    text = _exported(snapshot, format_name)
    return Reply({"machine": machine, "revision": snapshot.revision, "format": format_name, "text": text}, lambda: text)


def _exported(snapshot: Any, format_name: str) -> str:
    if format_name == "hwloc-xml":
        import facts

        return facts.to_hwloc_xml(snapshot.rows, name=snapshot.machine).rstrip("\n")
    from api.fact_export import fact_lines

    return "\n".join(fact_lines(snapshot))


def _draw(knowledge: Any, svg_file: str) -> None:
    from api.machine_report import nodes_of
    from api.pages.topology_picture import draw_machine
    from api.sources import write_text
    from planner.machine.topology import Topology

    snapshot = knowledge.snapshot()
    write_text(svg_file, draw_machine(Topology.of(snapshot), nodes_of(snapshot)))


def _load_text(report: dict[str, Any]) -> str:
    total = sum(report["facts"].values())
    lines = [f"{report['machine']}: {count(total, 'fact')} loaded at revision {report['revision']}"]
    if report["objects"]:
        lines.append("holds " + ", ".join(f"{number} {kind}" for kind, number in report["objects"].items()))
    if "measurement" in report:
        lines.append(_measurement_line(report["measurement"]))
    lines += [_warning(each) for each in report["warnings"]]
    return "\n".join(lines)


def _measurement_line(how: dict[str, Any]) -> str:
    pairs, samples = count(how["pairs"], "pair"), count(how["samples"], "sample")
    clock = f"clock of {how['clock_resolution_ns']} ns"
    return f"measured {pairs} of cores in {seconds(how['seconds'])}: {samples} by {how['method']}, {clock}"


def _warning(each: dict[str, str]) -> str:
    where = f" ({each['where']})" if each["where"] else ""
    return f"warning: {each['message']}{where}"


def _machines_text(document: dict[str, Any]) -> str:
    if not document["machines"]:
        return "no machine yet; `skb load amd-4x4` loads a bundled one, `skb load host` this one"
    keys = ("machine", "packages", "numa_nodes", "physical_cores", "cores", "revision")
    rows = [[*(one[key] for key in keys), sum(one["facts"].values())] for one in document["machines"]]
    return table(["machine", "packages", "NUMA nodes", "physical cores", "hardware threads", "revision", "facts"], rows)


def _show_text(document: dict[str, Any]) -> str:
    layers = ", ".join(f"{number:,} {layer}" for layer, number in document["layers"].items())
    lines = [
        f"{document['machine']} at revision {document['revision']}: {layers} facts",
        f"{count(len(document['packages']), 'package')}, {count(len(document['numa_nodes']), 'NUMA node')}, "
        f"{count(len(document['cores']), 'hardware thread')}",
        *map(_cache_line, document["caches"]),
    ]
    if document["cores"]:
        lines += ["", _core_table(document["cores"])]
    if "svg" in document:
        lines += ["", f"drawn in {document['svg']}"]
    return "\n".join(lines)


def _cache_line(cache: dict[str, Any]) -> str:
    shared = "private" if cache["shared_by"] == 1 else f"shared by {cache['shared_by']} threads"
    return f"{cache['count']} x L{cache['level']} {cache['type']} cache of {size(cache['size_bytes'])}, {shared}"


def _core_table(cores: list[dict[str, Any]]) -> str:
    headers = ["core", "OS index", "hardware id", "package", "NUMA node", "physical core", "clock MHz", "allowed"]
    rows = [
        [
            one["core"],
            one["os_index"],
            one["hw_id"],
            one["package"],
            one["numa_node"],
            one["physical_core"],
            one["clock_hz"] // 1_000_000 if one["clock_hz"] else None,
            one["allowed"],
        ]
        for one in cores
    ]
    return table(headers, rows)
