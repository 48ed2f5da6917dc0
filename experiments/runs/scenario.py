"""A scenario made ready to run: machines found, cores chosen, manifests admitted, random draws made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import kernelsim
from experiments.deploy import Deployment, deploy, deploy_planners, deploy_schedules
from experiments.errors import NotAdmitted
from experiments.files.application import ApplicationFile
from experiments.files.happenings import PhaseChangeFile
from experiments.files.scenario import ScenarioFile
from experiments.files.workloads import WorkloadFile, make_workload
from experiments.machines import Knowledge, find_machine
from experiments.parameters import Parameter
from experiments.runs.happenings import deploy_happenings, sends_of
from experiments.runs.placements import choose_cores, placement_cost
from kernelsim.scenario import domain_of
from planner.admission.reservations import Decision
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

LINUX_SLICE_MS = 15.0
LINUX_SPREAD = 0.3
LINUX = ("linux-like", "user-level-gang")
DAEMON_CALL_US = 1.0
LINUX_SLICES = 64


@dataclass(frozen=True)
class Prepared:
    """A scenario for the simulator, with what it was made from. `cores` are SKB ids by application."""

    scenario: kernelsim.Scenario
    deployment: Deployment
    decision: Decision | None
    cores: Mapping[str, tuple[int, ...]]
    predicted_cost: Mapping[str, float | None]
    revision: int
    parameters: tuple[Parameter, ...]


def prepare(file: ScenarioFile, knowledge: Knowledge | None = None) -> Prepared:
    """Raises ExperimentError for what is wrong with the file, NotAdmitted where the planner refuses."""
    view = find_machine(file.machine, knowledge, file.source.where("machine"))
    belief = view.believed
    deployment = deploy(view.true, provenance=view.provenance)
    cores = place_all(file, belief, deployment)
    decision = admit_all(file, belief, cores)
    draws = _Draws(file, deployment)
    machine = deployment.machine
    if file.slice_ms is not None:
        machine = replace(machine, timeslice_ps=_ps(file.slice_ms))
    elif file.scheduler == "user-level-gang":
        machine = replace(machine, timeslice_ps=_ps(LINUX_SLICE_MS))
    scenario = kernelsim.Scenario(
        machine=machine,
        applications=tuple(_application(one, cores[one.name], deployment, file) for one in file.applications),
        duration_ps=_ps(file.seconds * 1e3),
        schedules=_schedules(file, decision),
        monitors=deploy_planners(decision.planners, deployment) if decision and file.scheduler == "rbed" else {},
        scheduler=file.scheduler,
        rules=file.rules,
        synchronise=decision is not None if file.synchronise is None else file.synchronise,
        timer_offset_ps=draws.timer_offset_ps(),
        clock_skew_ps=draws.clock_skew_ps(),
        response_delay_ps=draws.response_delay_ps(),
        shared_read_ps=_ps(file.shared_read_ns / 1e6),
        donate_slack=file.donate_slack,
        section_slack_ps=_ps(file.section_slack_us / 1e3),
        wakeup_preemption=file.wakeup_preemption,
        serial_ipis=file.serial_ipis,
        step_by_step=file.step_by_step,
        interconnect=file.interconnect.deploy(len(deployment.core_ids), file.seed) if file.interconnect else None,
        slices_ps=draws.slices_ps() if file.scheduler in LINUX else {},
        ipi_ps=_ps(file.ipi_us / 1e3) if file.scheduler == "central-ipi" else 0,
        manager_ps=_ps(file.manager_ms) if file.scheduler == "slurm-like" else 0,
        backfill=file.backfill,
        call_ps=_ps(DAEMON_CALL_US / 1e3) if file.scheduler == "user-level-gang" else 0,
        warmup_ps=_ps(file.warmup_ms),
    )
    return Prepared(
        scenario=deploy_happenings(scenario, file, cores, belief, deployment),
        deployment=deployment,
        decision=decision,
        cores=cores,
        predicted_cost={one.name: placement_cost(one, belief, cores[one.name]) for one in file.applications},
        revision=belief.revision,
        parameters=(*deployment.parameters, *_run_parameters(file)),
    )


def place_all(file: ScenarioFile, belief: Topology, deployment: Deployment) -> dict[str, tuple[int, ...]]:
    """Cores given by name first; the others then choose among what is free, in the order of the file."""
    cores: dict[str, tuple[int, ...]] = {}
    load: dict[int, int] = {}
    for is_given in (True, False):
        for one in file.applications:
            if (one.cores is not None) is not is_given:
                continue
            cores[one.name] = _cores_of(one, file, belief, load)
            deployment.indices(one.cores or cores[one.name], one.where)
            for core in cores[one.name]:
                load[core] = load.get(core, 0) + 1
    return {one.name: cores[one.name] for one in file.applications}


def _cores_of(one: ApplicationFile, file: ScenarioFile, belief: Topology, load: Mapping[int, int]) -> tuple[int, ...]:
    if one.cores is not None:
        return one.cores[: one.threads]
    random = Random(f"{file.seed}/placement/{one.name}")
    return choose_cores(one, belief, load, seed=file.seed, random=random, iterations=file.iterations)


def admit_all(file: ScenarioFile, belief: Topology, cores: Mapping[str, tuple[int, ...]]) -> Decision | None:
    """The schedules for every combination of phases, cores fixed; None where nobody brought a manifest."""
    manifests = [
        _manifest(name, text, len(cores[one.name])) for one in file.applications for name, text in one.manifests.items()
    ]
    if not manifests:
        return None
    _check_phases(file, manifests)
    from planner import admit  # solvers load slowly

    fixed = {manifest.name: cores[domain_of(manifest.name)] for manifest in manifests}
    trees = {one.application: sends_of(one.application, one.tree, cores, belief) for one in _changes(file)}
    decision = admit(
        manifests,
        belief,
        cores=fixed,
        seed=file.seed,
        planner_reservation=file.planner_reservation,
        trees={name: tree for name, tree in trees.items() if tree},
    )
    if not decision.admitted:
        assert decision.refusal is not None
        raise NotAdmitted(
            f"{file.source.name}: not admitted: {decision.refusal.message}",
            details={"where": file.source.name, "refusal": decision.refusal.to_json()},
        )
    return decision


def _check_phases(file: ScenarioFile, manifests: Sequence[Manifest]) -> None:
    counts = {manifest.name: manifest.phase_count for manifest in manifests}
    for index, change in enumerate(_changes(file)):
        count = counts.get(change.application, change.phase + 1)
        if change.phase >= count:
            accepted = f"0 to {count - 1}, the phases of {change.application}'s manifest"
            raise file.source.refuse(f"phase_changes[{index}].phase", f"found {change.phase}", accepted)


def _changes(file: ScenarioFile) -> tuple[PhaseChangeFile, ...]:
    return file.happenings.phase_changes


def _manifest(name: str, text: str, dispatchers: int) -> Manifest:
    is_toml = any(line.lstrip().startswith("[") for line in text.splitlines())
    return Manifest.parse(text, name=name, dispatchers=None if is_toml else dispatchers)


def _schedules(file: ScenarioFile, decision: Decision | None) -> tuple[kernelsim.Schedule, ...]:
    schedules = deploy_schedules(decision.schedules) if decision else ()
    return tuple(replace(schedule, ships_ps=_ps(file.schedules_ship_ms)) for schedule in schedules)


def _application(
    one: ApplicationFile, cores: tuple[int, ...], deployment: Deployment, file: ScenarioFile
) -> kernelsim.Application:
    workload = make_workload(
        _located(one, deployment),
        name=one.name,
        threads=one.threads,
        edges=one.edges,
        seconds=file.seconds + file.warmup_ms / 1e3,
        random=Random(f"{file.seed}/script/{one.name}"),
    )
    return kernelsim.Application(
        name=one.name,
        workload=workload,
        cores=deployment.indices(cores, one.where),
        threads=one.threads,
        weight=one.weight,
        starts_ps=_starts(one, len(cores)),
        groups=tuple(one.groups),
    )


def _located(one: ApplicationFile, deployment: Deployment) -> WorkloadFile:
    """The workload with the core that its device is near as the simulator numbers it."""
    options = one.workload.options
    if "near" not in options:
        return one.workload
    (near,) = deployment.indices([int(str(options["near"]))], f"{one.where}, workload_options.near")
    return replace(one.workload, options={**options, "near": near})


def _starts(one: ApplicationFile, dispatchers: int) -> tuple[int, ...]:
    """One for all, or one for each; the simulator refuses another number."""
    starts = tuple(_ps(start_ms) for start_ms in one.starts_ms)
    return starts * dispatchers if len(starts) == 1 else starts


class _Draws:
    """What is drawn from the seed, one value for each simulated core."""

    def __init__(self, file: ScenarioFile, deployment: Deployment) -> None:
        self._file = file
        self._cores = range(len(deployment.core_ids))

    def timer_offset_ps(self) -> tuple[int, ...]:
        return self._span("timers", self._file.timer_offset_ms, 1e9)

    def response_delay_ps(self) -> tuple[int, ...]:
        return self._span("responses", self._file.response_delay_us, 1e6)

    def clock_skew_ps(self) -> tuple[int, ...]:
        return self._span("skew", self._file.clock_skew_us, 1e6)

    def _span(self, purpose: str, span: tuple[float, float] | None, unit_ps: float) -> tuple[int, ...]:
        if span is None:
            return ()
        random = Random(f"{self._file.seed}/{purpose}")
        low, high = (round(each * unit_ps) for each in span)
        return tuple(random.randrange(low, high) if low < high else low for _ in self._cores)

    def slices_ps(self) -> dict[int, tuple[int, ...]]:
        """15 ms on average, uniform within 30 % of it, drawn for each core by itself."""
        random = Random(f"{self._file.seed}/slices")
        low, high = (_ps(LINUX_SLICE_MS * factor) for factor in (1 - LINUX_SPREAD, 1 + LINUX_SPREAD))
        return {core: tuple(random.randint(low, high) for _ in range(LINUX_SLICES)) for core in self._cores}


def _run_parameters(file: ScenarioFile) -> tuple[Parameter, ...]:
    """The parameters of the run itself that are neither the machine's nor an application's."""
    found = [Parameter("seed", file.seed, "", "free")]
    if file.timer_offset_ms:
        found.append(Parameter("timer_offset", "{:g} to {:g}".format(*file.timer_offset_ms), "ms", "free"))
    if file.clock_skew_us:
        found.append(Parameter("clock_skew", "{:g} to {:g}".format(*file.clock_skew_us), "us", "free"))
    if file.slice_ms is not None:
        found.append(Parameter("slice", file.slice_ms, "ms", "free"))
    if file.scheduler == "central-ipi":
        found.append(Parameter("ipi_send", file.ipi_us, "us", "free: several us, section 4.2.2"))
    if file.scheduler == "slurm-like":
        found.append(Parameter("manager", file.manager_ms, "ms", "free: section 4.2.1 has no figure"))
    if file.scheduler == "user-level-gang":
        found.append(Parameter("daemon_call", DAEMON_CALL_US, "us", "free: a system call to change a thread's class"))
    if file.scheduler in LINUX:
        found.append(Parameter("linux_slice", LINUX_SLICE_MS, "ms", "printed: section 3.3.3"))
        found.append(Parameter("linux_slice_spread", LINUX_SPREAD, "", "free"))
    return tuple(found)


def _ps(milliseconds: float) -> int:
    return round(milliseconds * 1e9)
