"""Admission on 48 cores: ten gangs of random size with periods of 8 to 160 ms, answered and checked."""

import random
import time
from dataclasses import dataclass
from statistics import median

import facts
import skb
from planner import Manifest, Topology, admit

GOAL_S = 1.0
SEEDS = range(31, 41)
SHAPE = "synthetic:pack:4 numa:1 core:12 pu:1"
CORES, GANGS = 48, 10
HARMONIC = (8, 16, 32, 80, 160)


@dataclass(frozen=True, slots=True)
class Kind:
    """How periods are drawn (ms), and the longest window of a gang (us), which decides how tight the question is."""

    name: str
    periods_ms: tuple[int, ...]
    most_us: int
    has_planners: bool = False


KINDS = (
    Kind("8 16 32 80 160 ms, light", HARMONIC, 1_500),
    Kind("8 16 32 80 160 ms, tight", HARMONIC, 2_500),
    Kind("8 16 32 80 160 ms, tight, planners", HARMONIC, 2_500, has_planners=True),
    Kind("8 16 32 80 160 ms, too much", HARMONIC, 5_000),
    Kind("multiples of 8 ms, tight", tuple(range(8, 161, 8)), 2_000),
    Kind("any whole ms, tight", tuple(range(8, 161)), 300),
)


def draw(kind: Kind, seed: int) -> list[Manifest]:
    chosen = random.Random(f"{kind.name} {seed}")
    found = []
    for number in range(GANGS):
        period = chosen.choice(kind.periods_ms)
        wcet_us = chosen.randint(kind.most_us // 10, kind.most_us)
        text = f"B 1\nG {wcet_us / 1000} {period} {period}\n"
        found.append(Manifest.from_text(text, name=f"gang{number}", dispatchers=chosen.randint(2, CORES)))
    return found


def admissions() -> str:
    """Ten seeds of each kind; wall seconds of the whole answer, checks included, in a warm process."""
    machine = Topology.of(skb.load(facts.read(SHAPE)))
    admit(draw(KINDS[0], 0), machine)
    return "\n".join(_line(kind, machine) for kind in KINDS)


def _line(kind: Kind, machine: Topology) -> str:
    seconds, admitted, limits = [], 0, 0
    for seed in SEEDS:
        asked = draw(kind, seed)
        started = time.perf_counter()
        decision = admit(asked, machine, planner_reservation=kind.has_planners)
        seconds.append(time.perf_counter() - started)
        admitted += decision.admitted
        limits += decision.refusal is not None and decision.refusal.rule == "limit"
    verdict = "reached" if max(seconds) < GOAL_S else "not reached"
    head = f"admission, {CORES} cores, {GANGS} gangs, {kind.name}"
    tail = f"{admitted} admitted, {len(seconds) - admitted - limits} refused, {limits} undecided"
    return f"{head:<72} {median(seconds):.3f} s, worst {max(seconds):.3f} s ({tail})  goal < {GOAL_S} s: {verdict}"
