"""SCENARIO.toml as typed values, every mistake answered with its line and what would be accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from experiments.files.application import ApplicationFile, read_application
from experiments.files.fields import Fields, Source, open_fields, read_text
from experiments.files.happenings import HappeningsFile, read_happenings
from experiments.files.network import InterconnectFile, read_interconnect
from kernelsim.scenario import RULES, SCHEDULERS

DEFAULT_IPI_US = 3.5
DEFAULT_MANAGER_MS = 10.0
LEAST_SLICE_MS = 0.01
MOST_SECONDS = 1_000_000.0
DEFAULT_ITERATIONS = 20_000
HAPPENINGS = ("stops_ms", "phase_changes", "joins", "deallocations", "operations")
TABLES = (*HAPPENINGS, "interconnect", "application")
"""Keys that hold tables."""
KEYS = (
    "machine",
    "seconds",
    "scheduler",
    "seed",
    "rules",
    "synchronise",
    "timer_offset_ms",
    "clock_skew_us",
    "warmup_ms",
    "slice_ms",
    "ipi_us",
    "manager_ms",
    "backfill",
    "iterations",
    "planner_reservation",
    "schedules_ship_ms",
    "donate_slack",
    "section_slack_us",
    "wakeup_preemption",
    "serial_ipis",
    "response_delay_us",
    "shared_read_ns",
    "step_by_step",
    *TABLES,
)


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario as written. Spans are drawn from by core; `synchronise` None means: if there is a manifest;
    `planner_reservation` None: if a manifest leaves a release to be derived; `slice_ms` None: the machine's timeslice.
    `ipi_us` is what the central gang scheduler's broadcast costs, `manager_ms` the work of a SLURM-like manager,
    `backfill` whether the user-level gang scheduler leaves the cores of those who block to others. `schedules_ship_ms`
    is when core 0 sends the admitted schedules to all planners, 0 where these know them when they boot.
    """

    source: Source
    machine: str
    seconds: float
    scheduler: str
    seed: int
    rules: str
    synchronise: bool | None
    timer_offset_ms: tuple[float, float] | None
    clock_skew_us: tuple[float, float] | None
    warmup_ms: float
    slice_ms: float | None
    ipi_us: float
    manager_ms: float
    backfill: bool
    iterations: int
    planner_reservation: bool | None
    schedules_ship_ms: float
    donate_slack: bool
    section_slack_us: float
    wakeup_preemption: bool
    serial_ipis: bool
    response_delay_us: tuple[float, float] | None
    shared_read_ns: float
    step_by_step: bool
    happenings: HappeningsFile
    interconnect: InterconnectFile | None
    applications: tuple[ApplicationFile, ...]


def open_scenario(
    scenario: str | Path | Mapping[str, Any], folder: Path | None = None, wanted: str = "a scenario"
) -> Fields:
    """The keys of a file (`Path`), of TOML text (`str`) or of a mapping; only a file or `folder` may name files."""
    if isinstance(scenario, Path):
        return open_fields(read_text(scenario, wanted), str(scenario), scenario.parent)
    if isinstance(scenario, str):
        return open_fields(scenario, "scenario", folder)
    return Fields(scenario, Source("scenario", {}, folder), "")


def read_scenario(fields: Fields) -> ScenarioFile:
    """Raises ExperimentError naming file, line and key."""
    tables = fields.tables("application")
    if not tables:
        raise fields.refuse("application", "found no application", "at least one [[application]] table")
    applications = tuple(read_application(table) for table in tables)
    names = [application.name for application in applications]
    if len(set(names)) < len(names):
        raise fields.refuse("application", f"found the names {names}", "a name of its own for each application")
    seconds, warmup_ms = _read_seconds(fields), fields.number("warmup_ms", 0.0, most=1e9)
    found = ScenarioFile(
        source=fields.source,
        machine=fields.text("machine"),
        seconds=seconds,
        scheduler=read_scheduler(fields, "scheduler", fields.take("scheduler", "rbed")),
        seed=fields.count("seed", 0, most=2**63 - 1),
        rules=fields.choice("rules", RULES, "protect_hard"),
        synchronise=fields.flag("synchronise", None),
        timer_offset_ms=fields.span("timer_offset_ms", most=1e6),
        clock_skew_us=fields.span("clock_skew_us", most=1e9, is_relative=True),
        warmup_ms=warmup_ms,
        slice_ms=_read_slice(fields),
        ipi_us=fields.number("ipi_us", DEFAULT_IPI_US, most=1e6),
        manager_ms=fields.number("manager_ms", DEFAULT_MANAGER_MS, most=1e6),
        backfill=fields.flag("backfill", True) is not False,
        iterations=fields.count("iterations", DEFAULT_ITERATIONS, least=1, most=10**9),
        planner_reservation=fields.flag("planner_reservation", None),
        schedules_ship_ms=fields.number("schedules_ship_ms", 0.0, most=1e9),
        donate_slack=fields.is_set("donate_slack"),
        section_slack_us=fields.number("section_slack_us", 0.0, most=1e9),
        wakeup_preemption=fields.is_set("wakeup_preemption"),
        serial_ipis=fields.is_set("serial_ipis"),
        response_delay_us=fields.span("response_delay_us", most=1e9),
        shared_read_ns=fields.number("shared_read_ns", 0.0, most=1e9),
        step_by_step=fields.is_set("step_by_step"),
        happenings=read_happenings(
            fields,
            {one.name: one.most_dispatchers for one in applications},
            {one.name: tuple(one.groups) for one in applications},
        ),
        interconnect=_read_interconnect(fields, seconds + warmup_ms / 1e3),
        applications=applications,
    )
    fields.close(KEYS)
    return found


def read_scheduler(fields: Fields, key: str, value: object) -> str:
    """One of `SCHEDULERS`."""
    if value in SCHEDULERS:
        return str(value)
    raise fields.refuse(key, f"found {value!r}", " or ".join(SCHEDULERS))


def _read_seconds(fields: Fields) -> float:
    seconds = fields.number("seconds", 15.0, most=MOST_SECONDS)
    if seconds < 1e-9:
        raise fields.refuse("seconds", f"found {seconds}", "more than 0")
    return seconds


def _read_slice(fields: Fields) -> float | None:
    slice_ms = fields.number("slice_ms", 0.0, most=1e6)
    if slice_ms and slice_ms < LEAST_SLICE_MS:
        raise fields.refuse("slice_ms", f"found {slice_ms}", f"{LEAST_SLICE_MS} ms or more, more than a context switch")
    return slice_ms or None


def _read_interconnect(fields: Fields, seconds: float) -> InterconnectFile | None:
    return read_interconnect(fields.part("interconnect"), seconds) if "interconnect" in fields else None


def with_context(error: Exception, source: Source) -> ExperimentError:
    """The simulator's complaint as one about the file that asked for it."""
    code, message = str(getattr(error, "code", "bad_scenario")), str(getattr(error, "message", error))
    details = dict(getattr(error, "details", {}))
    return ExperimentError(f"{source.name}: {message}", code=code, details={"where": source.name, **details})
