"""The bodies that the service takes, each field with what is accepted."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, Field(gt=0, le=3600, description="Seconds of search at most")]
Iterations = Annotated[int, Field(ge=1, le=1_000_000)]
Core = Annotated[int, Field(ge=0, le=2**31 - 1)]
Cores = Annotated[list[Core], Field(min_length=1, max_length=65_536)]
Text = Annotated[str, Field(max_length=1_000_000)]


class Body(BaseModel):
    """Nothing is coerced, nothing unknown is overlooked, every number is finite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class WorkLimits(Body):
    """What the work may cost; the service has upper bounds of its own, which are what holds if nothing is said."""

    time_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    memory_bytes: Annotated[int, Field(ge=1024 * 1024, le=2**50)] | None = None
    workers: Annotated[int, Field(ge=1, le=8)] | None = None


class QueryLimits(WorkLimits):
    """What a question may cost; 10 seconds and two workers if nothing is said."""

    max_rows: Annotated[int, Field(ge=1, le=200_000)] = 100_000
    max_derived: Annotated[int, Field(ge=1, le=5_000_000)] = 5_000_000
    max_depth: Annotated[int, Field(ge=1, le=100)] = 100
    seed: Seed = 0


class QueryBody(Body):
    """A goal, such as `cache(Id, Core, 3, _, Size, _)`, with rules that it may use."""

    goal: Text
    rules: Text = ""
    limits: QueryLimits = QueryLimits()


class FactsBody(Body):
    """Facts as notation (`"core(0, 1)"`) or as terms (`{"f": "core", "args": [0, 1]}`)."""

    facts: Annotated[list[str | dict[str, Any]], FailFast(), Field(min_length=1, max_length=200_000)]
    layer: Literal["static", "discovered", "measured", "quirk"] | None = None
    source: Annotated[str, Field(max_length=200)] = "user"


class PlacementBody(Body):
    """The keys of APP.toml under `app`; `emit` names a notation to say the placement in."""

    app: dict[str, Any]
    emit: Annotated[str, Field(max_length=40)] | None = None
    time_limit: Seconds | None = None
    iterations: Iterations | None = None
    seed: Seed = 0
    limits: WorkLimits = WorkLimits()


class DriverBody(Body):
    """A device by name or PCI address, and the cores that its driver talks with."""

    device: Annotated[str, Field(min_length=1, max_length=200)]
    clients: Annotated[list[Core], Field(max_length=65_536)] = []
    limits: WorkLimits = WorkLimits()


class MemoryBody(Body):
    """So many bytes for all these cores together, or with `private` for each."""

    cores: Cores
    size_bytes: Annotated[int, Field(ge=1, le=2**62)]
    private: bool = False
    limits: WorkLimits = WorkLimits()


class SchemeBody(Body):
    """The cores that keep common state, and what an operation on it does."""

    cores: Cores
    lines: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    read_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    limits: WorkLimits = WorkLimits()


class TreeBody(Body):
    """`members` are all allowed cores if left out; `previous` are the sends of an earlier answer.

    `cost` gives matrices in ns by the cores' ids instead of what the machine's facts say: `latency`, or `delay` and
    `busy`, or `send`, `receive` and perhaps `propagation`.
    """

    root: Core | Literal["choose"]
    members: Cores | None = None
    objective: Literal["last_receive", "with_ack", "makespan"] = "last_receive"
    method: Annotated[str, Field(max_length=40)] = "best"
    send_share: Annotated[float, Field(ge=0, le=1)] | None = None
    max_fanout: Annotated[int, Field(ge=1, le=65_536)] | None = None
    max_depth: Annotated[int, Field(ge=1, le=65_536)] | None = None
    cost: Annotated[dict[str, list[list[float]]], Field(max_length=3)] | None = None
    previous: Annotated[dict[str, Cores], Field(max_length=65_536)] | None = None
    time_limit: Seconds | None = None
    iterations: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    seed: Seed = 0
    limits: WorkLimits = WorkLimits()


class ManifestBody(Body):
    """A manifest's text; with `dry_run` it is only asked whether it would be admitted. `rules` are a policy's text."""

    application: Annotated[str, Field(min_length=1, max_length=200)]
    text: Text
    dispatchers: Annotated[int, Field(ge=1, le=4096)] | None = None
    cores: Cores | None = None
    policy: Literal["refuse", "reduce"] = "refuse"
    rules: Text | None = None
    time_limit: Seconds | None = None
    dry_run: bool = False
    limits: WorkLimits = WorkLimits()


class PhaseBody(Body):
    """The phase to enter."""

    phase: Annotated[int, Field(ge=0, le=7)]


class SimulationBody(Body):
    """The keys of SCENARIO.toml under `scenario`; it may not name files."""

    scenario: dict[str, Any]
    limits: WorkLimits = WorkLimits()


class ExperimentBody(Body):
    """The keys of SPEC.toml under `spec`; it may not name files."""

    spec: dict[str, Any]
    limits: WorkLimits = WorkLimits()
