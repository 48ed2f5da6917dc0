"""A run of the simulator from a scenario file or from an admission, with the answer as users see it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kernelsim
from experiments.deploy import deploy, deploy_planners, deploy_schedules
from experiments.errors import ExperimentError
from experiments.files.scenario import open_scenario, read_scenario, with_context
from experiments.files.services import ReportingPrograms
from experiments.machines import Knowledge
from experiments.parameters import Parameter
from experiments.runs.happenings import OF_A_CORE
from experiments.runs.scenario import Prepared, prepare
from kernelsim.engine import never
from kernelsim.outcome import Failure, OperationOutcome, PhaseChangeOutcome
from planner.admission.reservations import Decision
from planner.machine.topology import Topology

SHOWN_MISSES = 20


@dataclass(frozen=True)
class SimulationResult:
    """What a run came to. Cores in the trace are numbered densely: core i is SKB core `core_ids[i]`."""

    outcome: kernelsim.Outcome
    machine: kernelsim.Machine
    core_ids: tuple[int, ...]
    cores: Mapping[str, tuple[int, ...]]
    predicted_cost: Mapping[str, float | None]
    parameters: tuple[Parameter, ...]
    revision: int
    wall_seconds: float
    decision: Decision | None = None
    reports: Mapping[str, Callable[[], Mapping[str, float | None]]] = field(default_factory=dict)
    """What workloads tell beside their progress, by application."""

    @property
    def trace(self) -> kernelsim.Trace:
        return self.outcome.trace

    @property
    def virtual_seconds(self) -> float:
        return self.outcome.duration_ps / 1e12

    def to_json(self) -> dict[str, Any]:
        """The document of `skb simulate --json`."""
        outcome = self.outcome
        return {
            "machine": self.machine.name,
            "virtual_seconds": self.virtual_seconds,
            "events": outcome.events,
            "events_represented": outcome.events_represented,
            "dispatches": outcome.dispatches,
            "wall_seconds": round(self.wall_seconds, 6),
            "applications": {name: self._application(name) for name in outcome.applications},
            "messages": len(outcome.trace.messages),
            "phase_locked": outcome.phase_locked,
            "phase_changes": [self._phase_change(one) for one in outcome.phase_changes],
            "planner_misses": len(outcome.monitor_misses),
            "trace_sha256": outcome.trace.sha256(),
            "revision": self.revision,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            **self._happenings(),
            **self._interruption(),
        }

    def _happenings(self) -> dict[str, Any]:
        """Cores that stopped, and agreements, where there were any."""
        outcome = self.outcome
        stopped = [{"core": self.core_ids[one.core], "time_us": self._us(one.time_ps)} for one in outcome.stopped]
        operations = [self._operation(one) for one in outcome.operations]
        return {**({"stopped": stopped} if stopped else {}), **({"operations": operations} if operations else {})}

    def _operation(self, one: OperationOutcome) -> dict[str, Any]:
        return {
            "kind": one.kind,
            "subject": self.core_ids[one.subject] if one.kind in OF_A_CORE else one.subject,
            "done": one.done,
            "requested_us": self._us(one.requested_ps),
            "answered_us": None if one.answered_ps is None else self._us(one.answered_ps),
            "cycles": one.cycles,
            "messages": one.messages,
        }

    def _us(self, time_ps: int) -> float:
        """Since the start of the run."""
        return (time_ps - self.outcome.start_ps) / 1e6

    def _interruption(self) -> dict[str, Any]:
        at_ps = self.outcome.interrupted_ps
        return {} if at_ps is None else {"interrupted_us": (at_ps - self.outcome.start_ps) / 1e6}

    def _phase_change(self, one: PhaseChangeOutcome) -> dict[str, Any]:
        entered, released = one.entered_ps.values(), one.released_ps.values()
        return {
            "application": one.application,
            "phase": one.phase,
            "requested_us": one.requested_ps / 1e6,
            "answered_us": None if one.answered_ps is None else one.answered_ps / 1e6,
            "cycles": one.cycles,
            "messages": one.messages,
            "entered_us": max(entered) / 1e6 if entered else None,
            "released_us": min(released) / 1e6 if released else None,
            "together": one.is_together,
        }

    def _application(self, name: str) -> dict[str, Any]:
        own = self.outcome.applications[name]
        document: dict[str, Any] = {
            "progress": own.progress,
            "misses": len(own.misses),
            "cores": list(self.cores[name]),
            "utilisation": [round(used / max(1, self.outcome.duration_ps), 6) for used in own.cpu_ps],
        }
        if own.failures:
            document["failures"] = [self._failure(failure) for failure in own.failures]
        if own.misses:
            document["missed"] = [self._miss(miss) for miss in own.misses[:SHOWN_MISSES]]
        if own.mean_latency_ps is not None:
            document |= {"received": own.received, "mean_latency_ns": own.mean_latency_ps / 1000}
        if own.latencies_ps:
            updates = own.latencies_ps
            mean_ms, longest_ms = sum(updates) / len(updates) / 1e9, max(updates) / 1e9
            document |= {"updates": len(updates), "mean_update_ms": mean_ms, "longest_update_ms": longest_ms}
        if name in self.reports:
            document |= self.reports[name]()
        if self.predicted_cost.get(name) is not None:
            document["predicted_cost"] = self.predicted_cost[name]
        return document

    def _failure(self, failure: Failure) -> dict[str, Any]:
        return {"core": self.core_ids[failure.core], "time_us": self._us(failure.time_ps), "what": failure.what}

    def _miss(self, miss: Any) -> dict[str, Any]:
        return {
            "core": self.core_ids[miss.core],
            "time_us": self._us(miss.time_ps),
            "lateness_us": miss.lateness_ps / 1e6,
        }


def run_scenario(
    scenario: str | Path | Mapping[str, Any],
    *,
    knowledge: Knowledge | None = None,
    folder: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    is_asked_to_stop: Callable[[], bool] = never,
) -> SimulationResult:
    """Run SCENARIO.toml: a `Path`, its text, or its keys as a mapping; `overrides` replace top-level keys.

    Asked to stop, the run ends with what it has come to so far. Text and mappings may name files only where `folder`
    says from where. Raises ExperimentError for mistakes, with file, line and key, and NotAdmitted where the planner
    refuses the manifests.
    """
    fields = open_scenario(scenario, folder)
    if overrides:
        fields.table = {**fields.table, **overrides}
    file = read_scenario(fields)
    try:
        return run_prepared(prepare(file, knowledge), is_asked_to_stop)
    except (kernelsim.ScenarioError, kernelsim.SchedulerPanic) as error:
        raise with_context(error, file.source) from error


def run_prepared(prepared: Prepared, is_asked_to_stop: Callable[[], bool] = never) -> SimulationResult:
    """Boot and run. Raises what the simulator raises."""
    started = time.perf_counter()
    outcome = kernelsim.run(prepared.scenario, is_asked_to_stop)
    return SimulationResult(
        outcome=outcome,
        machine=prepared.deployment.machine,
        core_ids=prepared.deployment.core_ids,
        cores=prepared.cores,
        predicted_cost=prepared.predicted_cost,
        parameters=prepared.parameters,
        revision=prepared.revision,
        wall_seconds=time.perf_counter() - started,
        decision=prepared.decision,
        reports={
            one.name: one.workload.report
            for one in prepared.scenario.applications
            if isinstance(one.workload, ReportingPrograms)
        },
    )


def simulate(
    decision: Decision,
    machine: Topology,
    *,
    seconds: float = 15,
    workloads: Mapping[str, Any] | None = None,
    phase_changes: Sequence[tuple[str, int, float]] = (),
    rules: str = "protect_hard",
) -> SimulationResult:
    """Boot the machine with an admission's schedules and run it, timers synchronised.

    `workloads` are the simulator's, by application; by default several dispatchers run BARRIER and one runs CPU-Bound.
    `phase_changes` are (application, phase, milliseconds after the start). Raises ExperimentError.
    """
    if not decision.admitted:
        raise ExperimentError("the decision admits nothing; accepted: one with schedules", code="not_admitted")
    deployment = deploy(machine)
    try:
        scenario = kernelsim.Scenario(
            machine=deployment.machine,
            applications=tuple(
                kernelsim.Application(name, _workload(name, len(cores), workloads), deployment.indices(cores, name))
                for name, cores in decision.cores.items()
            ),
            duration_ps=round(seconds * 1e12),
            schedules=deploy_schedules(decision.schedules),
            monitors=deploy_planners(decision.planners, deployment),
            rules=rules,
            synchronise=True,
            phase_changes=tuple(
                kernelsim.PhaseChange(name, phase, round(at_ms * 1e9)) for name, phase, at_ms in phase_changes
            ),
        )
        return run_prepared(
            Prepared(scenario, deployment, decision, decision.cores, {}, machine.revision, deployment.parameters)
        )
    except (kernelsim.ScenarioError, kernelsim.SchedulerPanic) as error:
        raise ExperimentError(str(error), code=getattr(error, "code", "panic")) from error


def _workload(name: str, dispatchers: int, chosen: Mapping[str, Any] | None) -> Any:
    if chosen and name in chosen:
        return chosen[name]
    return kernelsim.scenario.Barrier() if dispatchers > 1 else kernelsim.scenario.CpuBound()
