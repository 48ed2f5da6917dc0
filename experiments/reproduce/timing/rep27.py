"""REP-27: what is too much is cut alike for everybody, and each combination of phases is shipped once it is derived."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import islice
from math import prod

from experiments.deploy import deploy_schedules
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from experiments.reproduce.timing.overcommitment import (
    MACHINE,
    Loads,
    derived,
    equal_form,
    equal_time,
    fair_shares,
    gangs_in_turn,
    gangs_together,
    kept_ppm,
    named,
    share_a_core,
    utilisations,
)
from kernelsim import Application, Outcome, PhaseChange, Scenario, Schedule, run
from kernelsim.scenario import MILLISECOND_PS, CpuBound
from planner.overcommit.shares import Rules

UNEQUAL: Loads = (((50, 100),), ((30, 50),), ((40, 200),))
PHASED: Loads = (((20, 100), (80, 100)), ((10, 50), (30, 50)), ((40, 200), (4, 200), (5, 200)))
UNLIKE: Loads = (((20, 100), (80, 100)), ((10, 40), (30, 50)), ((40, 200), (4, 40), (5, 80)))
"""Phases whose periods differ, too: from one to the next old and new releases lie side by side."""
SHARED: tuple[Loads, ...] = (
    (((60, 100),), ((60, 100),)),
    UNEQUAL,
    PHASED,
    (*UNEQUAL, ((70, 80),)),
    (*UNEQUAL, ((70, 80),), ((9, 10), (1, 10))),
)
"""Two to five programs on one core that ask for 1.2 to 3.1 cores."""
GANGS_MS = ((80, 90), (80, 80, 80), (30, 70, 90, 20))
GANG_PERIOD_MS = 160
ENDLESS: Loads = (tuple((wcet, 1000) for wcet in range(10, 90, 10)),) * 12
TAKEN = 100
SHIP_MS, CHANGE_MS, RUN_MS = 500, 2_600, 6_000
BEFORE_MS, AFTER_MS = (3_000, 3_480), (4_000, 6_000)
"""The change of a takes it into the seventh combination, which is shipped at 3.5 s; that of c into the second."""


def rep27(seeds: int) -> Row:
    """Nothing varies, so seeds do not matter."""
    tasks = {_name(loads): (kept_ppm(share_a_core(loads)), equal_form(utilisations(loads))) for loads in SHARED}
    gangs = {_sum(wcets): (gangs_together(wcets, GANG_PERIOD_MS), _gang_form(wcets)) for wcets in GANGS_MS}
    in_turn = {_sum(wcets): gangs_in_turn(wcets, GANG_PERIOD_MS) for wcets in GANGS_MS}
    known, waiting = _arriving("c"), _arriving("a")
    return Row(
        id="REP-27",
        source="Section 3.6.1",
        claim="allocations of all, and of who asks, are reduced equally until the request can be fulfilled; a schedule "
        "for each combination of phases is transmitted as soon as it is derived",
        claims=(
            _same(tasks | gangs | in_turn),
            _closed("programs on one core, submitted one after the other: ppm kept", tasks),
            _bounded(),
            _closed("gangs on 16 cores, asked for together: ppm kept", gangs),
            _closed("gangs that come one by one while the others keep their offsets: ppm kept", in_turn),
            *_shipping(known, waiting),
        ),
        tolerance="exact",
        parameters=_parameters(),
        ablations=(_otherwise("equal parts of the core", fair_shares), _otherwise("equal losses", equal_time), _late()),
        series={
            "kept_ppm": {name: [sorted(set(got.values())), form] for name, (got, form) in (tasks | gangs).items()},
            "one by one": {name: [sorted(set(got.values())), form] for name, (got, form) in in_turn.items()},
        },
        notes=(
            "Equally is read as: the same part of what each has asked for. The dissertation prints no formula; the two "
            "ablations are the other readings, given to the controller as an administrator's rules.",
            "Gangs that come one by one keep less than those asked for together where the first ones' offsets, which "
            "nobody moves, leave unequal gaps: the closed form for them is over these gaps.",
            "Where the phases of a program differ in their periods, admission leaves less than the closed form, lest a "
            "change between them cause a miss: the closed form is a bound there.",
            "That nothing waits for the last combination is shown by order: the first ones of a set too large to be "
            "gone through are there. How long a derivation takes is not published and not claimed.",
        ),
    )


# -- reduced equally -------------------------------------------------------------------------------------------

Cases = dict[str, tuple[dict[str, int], int]]


def _same(cases: Cases) -> Claim:
    """Among the applications of a case, whoever was there first included."""
    apart = max(max(got.values()) - min(got.values()) for got, _ in cases.values())
    return Claim("ppm kept by the one that keeps most less that of the least, in any case", "0", apart, apart == 0)


def _closed(claim: str, cases: Cases) -> Claim:
    return Claim(
        claim,
        ", ".join(f"{form:,}" for _, form in cases.values()),
        {name: sorted(set(got.values())) for name, (got, _) in cases.items()},
        all(set(got.values()) == {form} for got, form in cases.values()),
    )


def _bounded() -> Claim:
    got, form = kept_ppm(share_a_core(UNLIKE)), equal_form(utilisations(UNLIKE))
    return Claim(
        "programs whose phases differ in their periods: ppm kept",
        f"above 0, at most {form:,}: changes of phase must cause no miss, either",
        sorted(set(got.values())),
        0 < max(got.values()) <= form and len(set(got.values())) == 1,
    )


def _otherwise(what: str, kept: Callable[[Sequence[Fraction]], list[int]]) -> Ablation:
    """An administrator's rules that give each application its own part."""
    parts = utilisations(UNEQUAL)
    wanted = kept(parts)
    rules = " ".join(f"keeps_ppm({name}, {ppm})." for name, ppm in zip(named(UNEQUAL), wanted, strict=True))
    got = kept_ppm(share_a_core(UNEQUAL, Rules(rules, what)))
    form = equal_form(parts)
    return Ablation(
        f"a policy of {what}: ppm kept, where equal reduction leaves {form:,} to each",
        got,
        got == dict(zip(named(UNEQUAL), wanted, strict=True)) and len(set(got.values())) > 1,
    )


def _gang_form(wcets: Sequence[int]) -> int:
    return equal_form(utilisations(tuple(((wcet, GANG_PERIOD_MS),) for wcet in wcets)))


# -- shipped when derived --------------------------------------------------------------------------------------


def _shipping(known: Outcome, waiting: Outcome) -> tuple[Claim, ...]:
    counts = {_name(loads): len({tuple(one.phases.items()) for one in derived(loads)}) for loads in SHARED}
    whole = prod(map(len, ENDLESS))
    taken = sum(1 for _ in islice(derived(ENDLESS), TAKEN))
    shares = _shares(waiting)
    return (
        Claim(
            "different combinations with a schedule",
            ", ".join(str(prod(map(len, loads))) for loads in SHARED),
            counts,
            list(counts.values()) == [prod(map(len, loads)) for loads in SHARED],
        ),
        Claim(
            f"schedules handed over by a controller that has {whole:,} to derive, when asked for {TAKEN}",
            str(TAKEN),
            taken,
            taken == TAKEN,
        ),
        Claim(
            "in a booted kernel, 5 of 12 shipped: a change into one of them begins guaranteed time on the core",
            "yes",
            bool(known.phase_changes[0].released_ps),
            bool(known.phase_changes[0].released_ps),
        ),
        Claim(
            "a change into one that is still to come: best effort, then without a further request what was promised",
            f"no release; {_promised():.4f} of the core",
            {"released": bool(waiting.phase_changes[0].released_ps), **shares},
            not waiting.phase_changes[0].released_ps and shares["after"] == _promised() > shares["before"],
        ),
    )


def _late() -> Ablation:
    """All twelve derived before the first is sent: they arrive when the last one is there."""
    outcome = _arriving("c", together=True)
    released = bool(outcome.phase_changes[0].released_ps)
    return Ablation(
        "all schedules derived before the first is shipped: guaranteed time begins with the same change",
        released,
        not released,
    )


def _arriving(application: str, *, together: bool = False) -> Outcome:
    """A schedule every 500 ms, in the order of the controller; the application asks for phase 1 after five."""
    schedules = deploy_schedules(derived(PHASED))
    last = len(schedules)
    shipped = tuple(
        Schedule(one.phases, one.reservations, (last if together else number + 1) * SHIP_MS * MILLISECOND_PS)
        for number, one in enumerate(schedules)
    )
    machine = platform(MACHINE).deployment.machine
    return run(
        Scenario(
            machine,
            tuple(Application(name, CpuBound(), (0,)) for name in named(PHASED)),
            RUN_MS * MILLISECOND_PS,
            schedules=shipped,
            phase_changes=(PhaseChange(application, 1, CHANGE_MS * MILLISECOND_PS),),
        )
    )


def _shares(outcome: Outcome) -> dict[str, float]:
    """What a had of its core before and after its combination arrived."""
    own = [(each.start_ps, each.end_ps) for each in outcome.trace.slices if each.who == "a.0"]
    found = {}
    for when, (first, last) in (("before", BEFORE_MS), ("after", AFTER_MS)):
        begin, end = first * MILLISECOND_PS, last * MILLISECOND_PS
        found[when] = sum(max(0, min(stop, end) - max(start, begin)) for start, stop in own) / (end - begin)
    return found


def _promised() -> float:
    """What equal reduction leaves of the 80 of 100 ms that a asks for in phase 1."""
    return equal_form(utilisations(PHASED)) * 80 / 100 / 10**6


def _name(loads: Loads) -> str:
    return " + ".join(" or ".join(f"{wcet}/{period}" for wcet, period in phases) for phases in loads)


def _sum(wcets: Sequence[int]) -> str:
    return " + ".join(map(str, wcets)) + f" of {GANG_PERIOD_MS} ms"


def _parameters() -> tuple[Parameter, ...]:
    return (
        Parameter("capacity", 900_000, "ppm of a core", "external: RBED in Barrelfish keeps a tenth for best effort"),
        Parameter("requests", "2 to 5 programs and 2 to 4 gangs, 1.2 to 3.1 cores", "", "free"),
        Parameter("arrivals", f"a schedule every {SHIP_MS}", "ms", "free: how long deriving takes is not printed"),
        *(one for one in platform(MACHINE).deployment.parameters if one.name in ("timeslice", "context_switch")),
    )
