"""Random scenarios: from event to event as from tick to tick, and as an implementation that shares no code."""

import random

import pytest
from kernelsim_oracle import OracleError, oracle_chart

from kernelsim import ScenarioError, SchedulerPanic
from kernelsim.schedsim import drive

RUNTIME = 400


def random_events(draw: random.Random) -> str:
    """A scenario of up to ten tasks that seldom panics at once."""
    lines: list[str] = []
    kinds: list[str] = []
    tick = 0
    for _ in range(draw.randint(2, 22)):
        tick += draw.choice((0, 0, 1, 2, 7, 20, 61, draw.randint(0, 90)))
        if not kinds or (len(kinds) < 10 and draw.random() < 0.35):
            kinds.append(draw.choice("HBB"))
            lines.append(f"{tick} {_hard(draw) if kinds[-1] == 'H' else _best_effort(draw)}")
        else:
            lines.append(f"{tick} {draw.choice('drryyyc')} {draw.randrange(len(kinds))}")
    return "\n".join(lines) + "\n"


def _hard(draw: random.Random) -> str:
    period = draw.choice((7, 10, 25, 40, 80, 100, 160))
    budget = draw.randint(0 if draw.random() < 0.05 else 1, max(1, period // draw.choice((2, 3, 5, 8))))
    deadline = draw.choice(("", f" {period}", f" {draw.randint(budget, 2 * period)}"))
    return f"H {budget} {period} 0{deadline}"


def _best_effort(draw: random.Random) -> str:
    return f"B {draw.choice((0, 1, 1, 2, 5, 40, 4293))}"


def ours(text: str, *, every_tick: bool) -> str:
    """The chart, or why there is none."""
    try:
        return drive(text, RUNTIME, every_tick=every_tick).text()
    except SchedulerPanic as panic:
        return str(panic)
    except ScenarioError as error:
        return "endless" if error.code == "endless_schedule" else str(error)


def theirs(text: str) -> str:
    """The same by the rules' letter."""
    try:
        return oracle_chart(text, RUNTIME)
    except OracleError as panic:
        return str(panic)


@pytest.fixture(scope="module")
def scenarios(full_scale: bool) -> list[str]:
    return [random_events(random.Random(seed)) for seed in range(10_000 if full_scale else 300)]


def test_from_event_to_event_is_as_from_tick_to_tick(scenarios: list[str]) -> None:
    for text in scenarios:
        assert ours(text, every_tick=False) == ours(text, every_tick=True), text


def test_an_implementation_that_shares_no_code_gives_the_same(scenarios: list[str]) -> None:
    for text in scenarios:
        assert ours(text, every_tick=False) == theirs(text), text


def test_the_scenarios_reach_charts_and_panics_alike(scenarios: list[str]) -> None:
    outcomes = [ours(text, every_tick=False) for text in scenarios]
    charts = sum(outcome.startswith("     ") for outcome in outcomes)
    assert 0.3 * len(outcomes) < charts < 0.95 * len(outcomes)
    for word in ("Missed hard deadline", "overload", "endless"):
        assert any(word in outcome for outcome in outcomes), word
