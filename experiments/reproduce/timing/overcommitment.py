"""More asked for than a machine has: what its placement controller leaves of it, beside the arithmetic of it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache

import facts
import skb
from planner import Manifest
from planner.admission.reservations import Schedule
from planner.controller import consider, schedules, submissions, submit
from planner.overcommit.shares import Rules

MACHINE = "amd-4x4"
CORES = 16
CAPACITY_PPM, WHOLE_PPM = 900_000, 1_000_000
Loads = tuple[tuple[tuple[int, int], ...], ...]
"""For each application its phases, each as (WCET, period) in ms."""


# -- the controller --------------------------------------------------------------------------------------------


@cache
def share_a_core(loads: Loads, policy: str | Rules = "reduce") -> skb.KnowledgeBase:
    """Programs of one dispatcher each, submitted one after the other for core 0; deadlines are their periods."""
    knowledge = skb.load(facts.read(MACHINE))
    for name, phases in named(loads).items():
        text = "\n".join(f"H {wcet} {period}" for wcet, period in phases)
        submit(knowledge, Manifest.from_text(text, name=name, dispatchers=1), policy=policy, cores={name: [0]})
    return knowledge


def kept_ppm(knowledge: skb.KnowledgeBase) -> dict[str, int]:
    """What each application that is admitted has left."""
    return {one.manifest.name: one.kept_ppm for one in submissions(knowledge)}


def gangs_together(wcets: Sequence[int], period: int) -> dict[str, int]:
    """What is left of gangs without laxity on all cores (ms) that are asked for at once."""
    decision = consider(skb.load(facts.read(MACHINE)), _gangs(wcets, period), policy="reduce")
    return dict(decision.reductions)


def gangs_in_turn(wcets: Sequence[int], period: int) -> tuple[dict[str, int], int]:
    """The same, submitted one after the other; and the closed form for the last one's arrival."""
    knowledge = skb.load(facts.read(MACHINE))
    *first, last = _gangs(wcets, period)
    for manifest in first:
        submit(knowledge, manifest, policy="reduce")
    offsets = [Fraction(one.reservations[0][0].release_ns, 10**6) for one in submissions(knowledge)]
    submit(knowledge, last, policy="reduce")
    return kept_ppm(knowledge), joining_form(list(zip(offsets, wcets, strict=False)), wcets[-1], period)


def derived(loads: Loads) -> Iterator[Schedule]:
    """The controller's schedules, each derived when it is taken."""
    return schedules(share_a_core(loads))


def named(loads: Loads) -> dict[str, tuple[tuple[int, int], ...]]:
    """The applications by name."""
    return {chr(ord("a") + number): phases for number, phases in enumerate(loads)}


def _gangs(wcets: Sequence[int], period: int) -> list[Manifest]:
    return [
        Manifest.from_text(f"G {wcet} {period} {wcet}", name=f"gang{number}", dispatchers=CORES)
        for number, wcet in enumerate(wcets)
    ]


# -- the arithmetic --------------------------------------------------------------------------------------------


def utilisations(loads: Loads) -> list[Fraction]:
    """Each application's heaviest phase."""
    return [max(Fraction(wcet, period) for wcet, period in phases) for phases in loads]


def equal_form(parts: Sequence[Fraction]) -> int:
    """Nine tenths over everything that is asked for, in parts per million."""
    return min(WHOLE_PPM, int(CAPACITY_PPM / sum(parts)))


def joining_form(windows: Sequence[tuple[Fraction, int]], wcet: int, period: int) -> int:
    """The largest factor at which a gang of `wcet` fits behind one of the gangs (offset, WCET) that stay where they
    are, and each of these still ends before the next begins.
    """
    ordered = sorted(windows)
    nexts = [offset for offset, _ in ordered[1:]] + [ordered[0][0] + period]
    gaps = [after - offset for (offset, _), after in zip(ordered, nexts, strict=True)]
    factors: list[Fraction] = []
    for behind in range(len(ordered)):
        wanted = [own + (wcet if at == behind else 0) for at, (_, own) in enumerate(ordered)]
        factors.append(min(gap / need for gap, need in zip(gaps, wanted, strict=True)))
    total = Fraction(wcet + sum(own for _, own in ordered), period)
    best = min(Fraction(1), max(factors), Fraction(CAPACITY_PPM, WHOLE_PPM) / total)
    return int(WHOLE_PPM * best)


def fair_shares(parts: Sequence[Fraction]) -> list[int]:
    """Parts per million of its own request that each keeps if all get equal parts of the core, and who wants less
    leaves the rest to the others."""
    kept: dict[int, Fraction] = {}
    left = Fraction(CAPACITY_PPM, WHOLE_PPM)
    for number in sorted(range(len(parts)), key=lambda each: parts[each]):
        kept[number] = min(parts[number], left / (len(parts) - len(kept)))
        left -= kept[number]
    return [int(WHOLE_PPM * kept[number] / part) for number, part in enumerate(parts)]


def equal_time(parts: Sequence[Fraction]) -> list[int]:
    """The same, if all give up equal parts of the core."""
    less = (sum(parts) - Fraction(CAPACITY_PPM, WHOLE_PPM)) / len(parts)
    return [int(WHOLE_PPM * max(Fraction(0), 1 - less / part)) for part in parts]
