"""REP-25, Fig 3.6: how a real-time task's period ends under Barrelfish's RBED, by its budget and by a yield."""

from itertools import pairwise

from experiments.parameters import Parameter
from experiments.reproduce.row import Ablation, Claim, Row
from kernelsim.core.schedulers.rbed import Kind, Rbed, Task

WCET, PERIOD, END = 30, 100, 350
YIELD_AFTER = 20
PERIODS = 4

Event = tuple[int, str]


def rep25(seeds: int) -> Row:
    """One hard task that always has more to do, nothing else on the core; milliseconds."""
    budget, yielding = _timeline(None), _timeline(YIELD_AFTER)
    drawn = _drawn(WCET), _drawn(YIELD_AFTER)
    protected = _timeline(None, protect_hard=True), _timeline(YIELD_AFTER, protect_hard=True)
    donated = _timeline(None, protect_hard=True, donate_slack=True)
    return Row(
        id="REP-25",
        source="Fig 3.6, section 3.6.4",
        claim="a period ends with the budget or with a yield, and idle time is not filled with real-time tasks",
        claims=(
            Claim("out of budget, ms", _text(drawn[0]), _text(budget), budget == drawn[0]),
            Claim(
                f"yielding after {YIELD_AFTER} ms of each period, ms",
                _text(drawn[1]),
                _text(yielding),
                yielding == drawn[1],
            ),
            Claim("both rule sets agree", "the same", protected == (budget, yielding), protected == (budget, yielding)),
            _idle_claim(budget, yielding),
        ),
        tolerance="the exact list of events",
        parameters=(
            Parameter("task", f"WCET {WCET}, period {PERIOD}, deadline {PERIOD}", "ms", "free: the figure has none"),
            Parameter("yield", YIELD_AFTER, "ms", "free: before the WCET"),
        ),
        ablations=(
            Ablation(
                "slack donated to a soft task whose budget is used up, as RBED's paper allows, ms",
                _text(donated),
                donated != drawn[0] and _idle(donated) == 0,
            ),
        ),
        series={"budget": budget, "yield": yielding},
        notes=(
            "The figure is a drawing without a scale; its two rules are checked on numbers of ours. The dissertation "
            "calls leaving the core idle arbitrary, left open by RBED's paper: the ablation is the other choice.",
        ),
    )


def _drawn(runs: int) -> list[Event]:
    """The figure's rule: the task runs from each release for `runs` ms, and then the core is idle."""
    return [
        event for period in range(PERIODS) for event in ((period * PERIOD, "run"), (period * PERIOD + runs, "idle"))
    ]


def _idle_claim(budget: list[Event], yielding: list[Event]) -> Claim:
    got = [_idle(budget), _idle(yielding)]
    return Claim(
        "idle core time of the first period, ms", "70 and 80", got, got == [PERIOD - WCET, PERIOD - YIELD_AFTER]
    )


def _timeline(yield_after: int | None, *, protect_hard: bool = False, donate_slack: bool = False) -> list[Event]:
    """Who has the core from when on, asked at every millisecond."""
    rbed = Rbed(80, protect_hard=protect_hard, donate_slack=donate_slack, on_period_end=lambda task, finished: None)
    kind = Kind.SOFT if donate_slack else Kind.HARD
    task = Task(kind, budget=WCET, period=PERIOD, deadline=PERIOD, may_overrun=donate_slack)
    rbed.make_runnable(task, 0)
    events: list[Event] = []
    had = 0
    for now in range(END):
        if yield_after is not None and had == yield_after:
            rbed.settle(now)
            rbed.give_up(task, now)
            had = 0
        running = rbed.schedule(now)
        shown = "idle" if running is None else "run"
        had += running is not None
        if not events or events[-1][1] != shown:
            events.append((now, shown))
    return events


def _idle(events: list[Event]) -> int:
    """Of the first period."""
    within = [*((at, who) for at, who in events if at < PERIOD), (PERIOD, "end")]
    return sum(end - at for (at, who), (end, _) in pairwise(within) if who == "idle")


def _text(events: list[Event]) -> str:
    return ", ".join(f"{at} {who}" for at, who in events)
