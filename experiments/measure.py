"""What a run's trace says about the machine and its applications, as facts to be told to a knowledge base."""

from collections.abc import Iterable, Sequence
from math import isqrt
from typing import TypeAlias

import kernelsim
from experiments.deploy import Deployment, deploy
from experiments.runs.simulation import SimulationResult
from kernelsim.scenario import MILLISECOND_PS, Traffic
from planner.machine.topology import Topology

MeasuredFact: TypeAlias = tuple[str, tuple[int | str, ...], str, str]
"""Relation, arguments, layer, source: what `KnowledgeBase.tell` and `skb.load` take."""

LAYER = "measured"
PROBE = "probe"
PROBE_INTERVAL_PS = 10 * MILLISECOND_PS


def measure_latencies(
    machine: Topology, *, messages: int = 10, cores: Sequence[int] | None = None
) -> tuple[MeasuredFact, ...]:
    """Boot this machine as it is, let every core send to every other, and time the messages of the trace.

    Gives `message_latency_ps(Src, Dst, Avg, Dev, Min, Max)` for every ordered pair of `cores` (all allowed ones by
    default) from at least `messages` messages each; Dev is the standard deviation, rounded down.
    """
    deployment = deploy(machine)
    ids = tuple(cores if cores is not None else machine.allowed_ids)
    own = deployment.indices(ids, "latency measurement")
    if len(own) < 2:
        return ()
    pairs = [(a, b) for a in range(len(own)) for b in range(len(own)) if a != b]
    probe = kernelsim.Application(PROBE, Traffic(tuple((a, b, PROBE_INTERVAL_PS) for a, b in pairs)), own)
    outcome = kernelsim.run(
        kernelsim.Scenario(deployment.machine, (probe,), duration_ps=(messages + 2) * PROBE_INTERVAL_PS)
    )
    return latency_facts(outcome.trace, deployment, PROBE)


def latency_facts(trace: kernelsim.Trace, deployment: Deployment, kind: str) -> tuple[MeasuredFact, ...]:
    """One fact for each ordered pair of cores between which messages of that kind went."""
    taken: dict[tuple[int, int], list[int]] = {}
    for message in trace.messages:
        if message.kind == kind:
            taken.setdefault((message.source, message.target), []).append(message.arrived_ps - message.sent_ps)
    ids = deployment.core_ids
    source = f"simulated run of {deployment.machine.name}"
    return tuple(
        ("message_latency_ps", (ids[a], ids[b], *_summary(times)), LAYER, source)
        for (a, b), times in sorted(taken.items())
    )


def measure_run(result: SimulationResult) -> tuple[MeasuredFact, ...]:
    """Progress, missed deadlines and core time of every application.

    `measured_progress(Application, Iterations, VirtualMilliseconds)`, `measured_misses(Application, Count)`,
    `measured_utilisation_ppm(Application, Core, PartsPerMillion)`.
    """
    source = f"simulated run of {result.machine.name}, trace {result.trace.sha256()[:12]}"
    virtual_ms = result.outcome.duration_ps // MILLISECOND_PS
    facts: list[MeasuredFact] = []
    for name, own in result.outcome.applications.items():
        facts.append(("measured_progress", (name, own.progress, virtual_ms), LAYER, source))
        facts.append(("measured_misses", (name, len(own.misses)), LAYER, source))
        facts.extend(
            ("measured_utilisation_ppm", (name, core, ppm), LAYER, source)
            for core, ppm in _utilisation_ppm(result.cores[name], own.cpu_ps, result.outcome.duration_ps)
        )
    return tuple(facts)


def _utilisation_ppm(cores: Iterable[int], cpu_ps: Iterable[int], duration_ps: int) -> list[tuple[int, int]]:
    return [(core, used * 1_000_000 // duration_ps) for core, used in zip(cores, cpu_ps, strict=False)]


def _summary(times: list[int]) -> tuple[int, int, int, int]:
    """Average rounded half up, standard deviation, least and greatest."""
    count, total = len(times), sum(times)
    variance = (count * sum(each * each for each in times) - total * total) // (count * count)
    return (2 * total + count) // (2 * count), isqrt(variance), min(times), max(times)
