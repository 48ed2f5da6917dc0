"""Programs whose phases say what they need: a manifest is made from the annotations, with a clause for less than that.

After Poli-C (dissertation, sections 3.5.5 and 5.1.4), on the programs of `docs/programs.md`:

    video = Annotated("video")

    @video.phase(wcet_ms=lambda frames: 2 * frames, period_ms=40, begins_ms=10)
    def show(me): ...

    @show.otherwise(at_least=0.5)
    def show_every_other(me, kept): ...
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import kernelsim
from experiments.deploy import deploy, deploy_schedules
from experiments.errors import ExperimentError
from kernelsim.programs.requests import Program
from kernelsim.programs.team import Body, Make, Member, Team
from kernelsim.scenario import MILLISECOND_PS
from planner.admission.admit import admit
from planner.admission.reservations import Decision
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

PPM = 1_000_000
Milliseconds = float | Callable[[Any], float]
"""A number, or how it follows from what the program is started with."""
Handler = Callable[[Member, float], Program]
"""Like a phase, given also the part that was granted."""


@dataclass(slots=True)
class AnnotatedPhase:
    """One phase: its program, what it needs, and what runs instead where less is granted than it can do with."""

    body: Body
    wcet_ms: Milliseconds
    period_ms: float
    deadline_ms: Milliseconds | None
    kind: str
    begins_ms: float
    least: float = 1.0
    handler: Handler | None = None

    def otherwise(self, *, at_least: float) -> Callable[[Handler], Handler]:
        """Decorates the handler of a partial grant: it runs where less is granted, but at least that part. Raises
        ExperimentError for a part that is none.
        """
        if not 0 < at_least <= 1:
            raise ExperimentError(f"a handler for at least {at_least} of what is asked for; accepted: above 0, up to 1")

        def set_handler(handler: Handler) -> Handler:
            self.least, self.handler = at_least, handler
            return handler

        return set_handler

    def line(self, size: Any) -> str:
        """Its line in a manifest."""
        wcet_ms = _number(self.wcet_ms, size)
        deadline_ms = self.period_ms if self.deadline_ms is None else _number(self.deadline_ms, size)
        return f"{self.kind} {wcet_ms:g} {self.period_ms:g} {deadline_ms:g} 0"

    def program(self, me: Member, kept: float) -> Program:
        """What runs where that part is granted; nothing where it is too little for both."""
        if kept >= 1:
            return self.body(me)
        if self.handler is None or kept < self.least:
            raise ExperimentError(f"{kept:.3f} of what is asked for was granted; accepted: {self.least} and a handler")
        return self.handler(me, kept)


@dataclass(slots=True)
class Annotated:
    """A program in phases; phase 0, until the first of them begins, is best effort."""

    name: str
    phases: list[AnnotatedPhase] = field(default_factory=list)

    def phase(
        self,
        *,
        wcet_ms: Milliseconds,
        period_ms: float,
        deadline_ms: Milliseconds | None = None,
        kind: str = "H",
        begins_ms: float = 0,
    ) -> Callable[[Body], AnnotatedPhase]:
        """Decorates the program of one phase, which begins `begins_ms` after the start; phases stand in this order."""

        def annotate(body: Body) -> AnnotatedPhase:
            self.phases.append(AnnotatedPhase(body, wcet_ms, period_ms, deadline_ms, kind, begins_ms))
            return self.phases[-1]

        return annotate

    def manifest(self, size: Any = None, *, dispatchers: int = 1) -> Manifest:
        """What it needs when it is started with `size`. Raises PlanError for what no manifest may say."""
        text = "\n".join(["B 1", *(phase.line(size) for phase in self.phases)])
        return Manifest.from_text(text, name=self.name, dispatchers=dispatchers)

    def make(self, kept: float) -> Make:
        """The programs of a team that was granted that part of what it asked for."""

        def make(team: Team) -> Body:
            def body(me: Member) -> Program:
                for phase in self.phases:
                    begins_ps = round(phase.begins_ms * MILLISECOND_PS)
                    if begins_ps > me.now_ps:
                        yield me.compute_ps(begins_ps - me.now_ps)
                    yield from phase.program(me, kept)

            return body

        return make


def run_annotated(
    program: Annotated,
    machine: Topology,
    others: Sequence[Manifest] = (),
    *,
    size: Any = None,
    dispatchers: int = 1,
    duration_ps: int,
) -> tuple[Decision, kernelsim.Outcome]:
    """Ask for what the program needs beside `others`, everybody reduced alike where not all fits, and run it alone on
    what it was granted. Raises ExperimentError where nothing was granted.
    """
    decision = admit([*others, program.manifest(size, dispatchers=dispatchers)], machine, policy="reduce")
    if not decision.admitted:
        raise ExperimentError(f"{program.name!r} was granted nothing: {decision.refusal}")
    deployment = deploy(machine)
    kept = decision.reductions.get(program.name, PPM) / PPM
    cores = deployment.indices(decision.cores[program.name], program.name)
    changes = tuple(
        kernelsim.PhaseChange(program.name, number, round(phase.begins_ms * MILLISECOND_PS))
        for number, phase in enumerate(program.phases, start=1)
    )
    schedules = tuple(
        kernelsim.Schedule({program.name: one.phases[program.name]}, {program.name: one.reservations[program.name]})
        for one in deploy_schedules(decision.schedules)
        if not any(phase for name, phase in one.phases.items() if name != program.name)
    )
    application = kernelsim.Application(program.name, kernelsim.Programs(program.make(kept)), cores)
    scenario = kernelsim.Scenario(
        deployment.machine, (application,), duration_ps, schedules, synchronise=True, phase_changes=changes
    )
    return decision, kernelsim.run(scenario)


def _number(value: Milliseconds, size: Any) -> float:
    return value(size) if callable(value) else value
