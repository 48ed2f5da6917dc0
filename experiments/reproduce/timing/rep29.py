"""REP-29: gangs without laxity need offsets of their own, and best effort that is kept from delaying them."""

from collections.abc import Mapping

from experiments.deploy import deploy_schedules
from experiments.parameters import Parameter
from experiments.reproduce.hardware.platform import platform
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim import Application, Outcome, Reservation, Scenario, Schedule, run
from kernelsim.scenario import MILLISECOND_PS, SECOND_PS, CpuBound, Scripted
from planner import Manifest, admit

MACHINE = "amd-4x4"
CORES = (0, 1, 2, 3)
PERIOD_MS = 160
GANGS = {"a": 80, "b": 60}
"""WCET and deadline of each, in ms: 7/8 of every core, so utilisation alone would admit both."""
WAKE_BEFORE_MS = 5
PERIODS = 12


def rep29(seeds: int) -> Row:
    """Nothing varies, so seeds do not matter."""
    together, apart = _two_gangs({"a": 0, "b": 0}), _two_gangs({"a": 0, "b": 80})
    woken, protected = _beside_woken("exact"), _beside_woken("protect_hard")
    return Row(
        id="REP-29",
        source="Fig 3.4's D = WCET < P; section 3.6.4",
        claim="utilisation alone admits gangs that cannot both be served; offsets, and protected gangs, can",
        claims=(
            Claim("two zero-laxity gangs, 80 and 60 ms of 160, same release: misses", "> 0", together, together > 0),
            Claim("the same, released 80 ms apart: misses", "0", apart, apart == 0),
            Claim(
                f"one gang, exact RBED, a best-effort job woken {WAKE_BEFORE_MS} ms before its release: misses",
                "> 0",
                woken,
                woken > 0,
            ),
        ),
        tolerance="exact",
        parameters=(
            Parameter("gangs", "80/160/80 and 60/160/60", "ms", "derived: Fig 3.4 and G20, load 0.875 a core"),
            Parameter("woken", f"{WAKE_BEFORE_MS} ms before every release, until blocked 100 ms later", "", "free"),
            *(one for one in platform(MACHINE).deployment.parameters if one.name in ("timeslice", "context_switch")),
        ),
        ablations=(
            _admitted(),
            Ablation("protect_hard instead of exact: misses beside the woken job", protected, protected == 0),
        ),
        series={"misses": {"same release": together, "apart": apart, "exact": woken, "protected": protected}},
        notes=(
            "Not a result of the dissertation but a trap in it: its figure's manifest has density 1. The planner's "
            "test is of demand over windows, and picks the offsets; the ablation is that planner's own schedule, run.",
        ),
    )


def _two_gangs(offsets_ms: Mapping[str, int]) -> int:
    schedule = Schedule(dict.fromkeys(GANGS, 0), {name: _gang(wcet, offsets_ms[name]) for name, wcet in GANGS.items()})
    return _misses(_run((schedule,), tuple(Application(name, CpuBound(), CORES) for name in GANGS)))


def _gang(wcet_ms: int, offset_ms: int) -> tuple[Reservation, ...]:
    return tuple(
        Reservation(
            dispatcher,
            "H",
            wcet_ps=wcet_ms * MILLISECOND_PS,
            period_ps=PERIOD_MS * MILLISECOND_PS,
            deadline_ps=wcet_ms * MILLISECOND_PS,
            offset_ps=offset_ms * MILLISECOND_PS,
        )
        for dispatcher in range(len(CORES))
    )


def _beside_woken(rules: str) -> int:
    """A gang that must begin at once, and a job woken just before."""
    steps = [
        ((PERIOD_MS * period + at) * MILLISECOND_PS, what)
        for period in range(PERIODS)
        for at, what in ((PERIOD_MS - WAKE_BEFORE_MS, "run"), (PERIOD_MS + 95, "block"))
    ]
    script = tuple(sorted(steps))
    applications = (Application("a", CpuBound(), CORES), Application("woken", Scripted((script,) * len(CORES)), CORES))
    schedule = Schedule({"a": 0}, {"a": _gang(80, 0)})
    return _misses(_run((schedule,), applications, rules))


def _admitted() -> Ablation:
    """The planner's schedule of the same two gangs on the same cores."""
    manifests = [
        Manifest.from_text(f"H {wcet} {PERIOD_MS} {wcet}\n", name=name, dispatchers=len(CORES))
        for name, wcet in GANGS.items()
    ]
    decision = admit(manifests, platform(MACHINE).topology, cores=dict.fromkeys(GANGS, CORES))
    schedules = deploy_schedules(decision.schedules)
    misses = _misses(_run(schedules, tuple(Application(name, CpuBound(), CORES) for name in GANGS)))
    return Ablation(
        "admission by demand over windows: it admits both, with offsets, and no deadline is missed",
        {"admitted": decision.admitted, "misses": misses},
        decision.admitted and misses == 0,
    )


def _run(
    schedules: tuple[Schedule, ...], applications: tuple[Application, ...], rules: str = "protect_hard"
) -> Outcome:
    return run(
        Scenario(
            platform(MACHINE).deployment.machine,
            applications,
            2 * SECOND_PS,
            schedules=schedules,
            rules=rules,
            synchronise=True,
        )
    )


def _misses(outcome: Outcome) -> int:
    return sum(len(one.misses) for one in outcome.applications.values())
