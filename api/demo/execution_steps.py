"""The simulator's steps: phase changes, the collapse and the recovery, the trace, facts from measuring."""

from pathlib import Path
from typing import Any

from api.cli.knowledge.query_command import answer_text
from api.demo.material import BARRIER_MANIFEST, LARGE, SECONDS, SMALL, scenario
from api.demo.narration import Narrator
from api.tables import cell, table
from experiments.charts.trace_pictures import draw_trace
from experiments.comparing.phase_change import phase_change_cycles
from experiments.measure import measure_latencies, measure_run
from experiments.runs.simulation import SimulationResult, run_scenario
from planner.machine.topology import Topology
from planner.trees.tree import multicast
from skb.store.store import Store

SHOWN_SECONDS = 1.2


def change_phases(tell: Narrator, store: Store) -> None:
    """Cycles from the request to the answer, by unicast and by the planner's tree."""
    with tell.step("Boot the simulated multikernel; change a phase by unicast and by the planner's tree"):
        rows = []
        for name in (SMALL, LARGE):
            machine = Topology.of(store.knowledge(name))
            tree = multicast(machine, machine.core_ids[0])
            unicast, by_tree = phase_change_cycles(machine), phase_change_cycles(machine, tree=tree.sends)
            rows.append([name, len(machine.cores), unicast, by_tree])
        tell.show(table(["machine", "cores", "cycles by unicast", "cycles by the tree"], rows))
        tell.say("(only an identifier travels; the dissertation prints 24,535 cycles for 32 cores by unicast)")
        tell.results["phase_change_cycles"] = [[row[0], row[2], row[3]] for row in rows]


def run_contention(tell: Narrator, store: Store) -> SimulationResult:
    """The collapse without the manifest, the recovery with it; the run with it is handed back."""
    with tell.step(f"Run BARRIER beside CPU-Bound for {SECONDS} virtual seconds, without and with the manifest"):
        alone = run_scenario(scenario(cpu=False), knowledge=store)
        without = run_scenario(scenario(), knowledge=store)
        promised = run_scenario(scenario(manifest=BARRIER_MANIFEST), knowledge=store)
        runs = {"BARRIER alone": alone, "both, no manifest": without, "both, with manifest": promised}
        tell.show(_progress_table(runs))
        lost = _progress(alone, "barrier") / max(1, _progress(without, "barrier"))
        kept = _progress(promised, "barrier") / _progress(alone, "barrier")
        misses = sum(len(own.misses) for own in promised.outcome.applications.values())
        tell.say(
            f"Without the manifest BARRIER falls by a factor of {lost:,.0f}: its threads are hardly ever on their "
            f"cores at the same time. With it all of them run together half of the time, and it keeps {kept:.0%}, "
            f"with {misses} missed deadlines; CPU-Bound has the other half of its cores."
        )
        tell.results["progress"] = {name: _applications(run) for name, run in runs.items()}
    return promised


def write_traces(tell: Narrator, run: SimulationResult, output: Path) -> None:
    """The timeline of the run with the manifest, for Perfetto and for the eye."""
    with tell.step("Write the schedule's timeline"):
        files = {
            output / "timeline.json": draw_trace(run, "json"),
            output / "timeline.svg": draw_trace(run, "svg", end_seconds=SHOWN_SECONDS),
        }
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        tell.say(f"{output / 'timeline.json'} opens in ui.perfetto.dev or chrome://tracing")
        tell.say(f"{output / 'timeline.svg'} shows the first {SHOWN_SECONDS:g} seconds in any browser")
        tell.results["files"] = [str(path) for path in files]


def feed_back(tell: Narrator, store: Store, run: SimulationResult) -> None:
    """What was measured becomes facts of the machine, which answer questions like any other."""
    with tell.step("Feed what was measured back as facts, and ask for it"):
        knowledge = store.knowledge(SMALL)
        latencies = measure_latencies(Topology.of(knowledge))
        revision = knowledge.tell([*measure_run(run), *latencies], source="demonstration")
        tell.say(f"{len(latencies)} latencies and the run's results are facts at revision {revision}")
        for goal in (
            "measured_progress(Application, Iterations, Milliseconds), measured_misses(Application, Misses)",
            "message_latency_ps(5, Core, Picoseconds, _, _, _), cache(L3, 5, 3, _, _, _), cache(L3, Core, 3, _, _, _)",
        ):
            tell.say(f"skb query {SMALL} '{goal}'")
            tell.show(answer_text(knowledge.ask(goal)))
        certainty = Topology.of(knowledge).latency_source(5, 6)
        tell.say(f"plans made from now on say that their latencies are {certainty}")


def _progress(run: SimulationResult, name: str) -> int:
    return run.outcome.applications[name].progress if name in run.outcome.applications else 0


def _progress_table(runs: dict[str, SimulationResult]) -> str:
    rows = [
        [name, *(cell(f"{_progress(run, application):,}") for application in ("barrier", "cpu"))]
        for name, run in runs.items()
    ]
    return table(["run", "BARRIER iterations", "CPU-Bound iterations"], rows)


def _applications(run: SimulationResult) -> dict[str, Any]:
    return {
        name: {"progress": own.progress, "misses": len(own.misses)} for name, own in run.outcome.applications.items()
    }
