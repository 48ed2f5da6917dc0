"""`skb simulate`: a scenario on a booted multikernel, with its trace."""

from pathlib import Path
from typing import Any

import click

from api.cli.command import Door, command
from api.cli.reply import INTERRUPTED, Reply
from api.failures import BadRequest
from api.interrupts import asked_to_stop
from api.tables import count, seconds, table

TRACE_SUFFIXES = (".json", ".csv", ".svg")


@command("simulate")
@click.argument("scenario", metavar="SCENARIO.toml")
@click.option("--trace", metavar="FILE", help="Write the trace: .json (Chrome, Perfetto), .csv or .svg.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Instead of the scenario's.")
def simulate(door: Door, scenario: str, trace: str | None, seed: int | None) -> Reply:
    """Boot the machine of SCENARIO.toml, run its applications, and tell what they came to."""
    from experiments.errors import NotAdmitted
    from experiments.runs.simulation import run_scenario

    form = _trace_form(trace)
    try:
        with door.store() as store, asked_to_stop() as is_asked:
            overrides = {} if seed is None else {"seed": seed}
            result = run_scenario(Path(scenario), knowledge=store, overrides=overrides, is_asked_to_stop=is_asked)
    except NotAdmitted as refused:
        message = refused.message
        return Reply(refusal_document(refused), lambda: f"refused: {message}", 1)
    document = result.to_json()
    if trace is not None:
        _write_trace(result, trace, form)
        document["trace"] = trace
    return Reply(document, lambda: simulation_text(document), INTERRUPTED if "interrupted_us" in document else 0)


def refusal_document(refused: Any) -> dict[str, Any]:
    """What a run that the planner refused answers: the refusal, as `admit` gives it."""
    return {"admitted": False, "refusal": refused.details.get("refusal"), "message": refused.message}


def _trace_form(trace: str | None) -> str:
    if trace is None:
        return ""
    suffix = Path(trace).suffix.lower()
    if suffix not in TRACE_SUFFIXES:
        raise BadRequest(
            f"the trace {trace} has the suffix {suffix!r}; {', '.join(TRACE_SUFFIXES)} are accepted",
            code="unsupported_format",
            details={"found": suffix, "accepted": list(TRACE_SUFFIXES)},
        )
    return suffix[1:]


def _write_trace(result: Any, path: str, form: str) -> None:
    from api.sources import write_text
    from experiments.charts.trace_pictures import draw_trace

    write_text(path, draw_trace(result, form))


def simulation_text(document: dict[str, Any]) -> str:
    """Progress and misses of each application, then what was simulated."""
    from planner.cpu_list import format_cpu_list

    rows = [
        [name, own["progress"], own["misses"], format_cpu_list(own["cores"]), _mean(own["utilisation"])]
        for name, own in document["applications"].items()
    ]
    changes = [
        f"phase change of {one['application']} to phase {one['phase']}: "
        + (f"{one['cycles']:,} cycles, {count(one['messages'], 'message')}" if one["cycles"] else "not answered")
        for one in document["phase_changes"]
    ]
    failures = [
        f"{name}: a program on core {one['core']} failed at {one['time_us']:,.0f} us: {one['what']}"
        for name, own in document["applications"].items()
        for one in own.get("failures", ())
    ]
    stopped = [f"core {one['core']} stopped at {one['time_us']:,.0f} us" for one in document.get("stopped", ())]
    operations = [
        f"{one['kind']} of {one['subject']} at {one['requested_us']:,.0f} us: "
        + (f"{one['cycles']:,} cycles, " if one["cycles"] else "not answered, " if not one["done"] else "")
        + count(one["messages"], "message")
        for one in document.get("operations", ())
    ]
    ended = [f"interrupted at {document['interrupted_us']:,.0f} us"] if "interrupted_us" in document else []
    trace = [f"trace in {document['trace']}"] if "trace" in document else []
    return "\n".join(
        [
            table(["application", "progress", "missed deadlines", "cores", "core share"], rows),
            *changes,
            *failures,
            *stopped,
            *operations,
            *ended,
            f"{document['virtual_seconds']:g} virtual seconds in {seconds(document['wall_seconds'])}: "
            f"{document['events']:,} events for {document['events_represented']:,}, "
            f"{count(document['dispatches'], 'dispatch', 'dispatches')}, {count(document['messages'], 'message')}",
            f"trace {document['trace_sha256']}",
            *trace,
        ]
    )


def _mean(shares: list[float]) -> str:
    return f"{sum(shares) / len(shares):.1%}" if shares else "-"
