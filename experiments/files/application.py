"""An application of a scenario: an `[[application]]` table, with or without an APP.toml behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.errors import ExperimentError
from experiments.files.fields import Fields, open_fields, read_text
from experiments.files.workloads import WORKLOADS, Edge, WorkloadFile, read_workload
from planner.applications.application import Application
from planner.cpu_list import ACCEPTED, parse_cpu_list
from planner.errors import PlanError

PLACEMENTS = ("compact", "scatter", "solved", "random")
PLAN_KEYS = ("objective", "weights", "current", "group", "traffic", "constraint", "smt", "distinct", "isolated")
TABLE_KEYS = ("groups", "starts_ms", "workload_options")
"""Keys whose values are tables or lists."""
RUN_KEYS = ("workload", "threads", "cores", "placement", "manifest", "weight", *TABLE_KEYS)
KEYS = ("name", "app", *RUN_KEYS, *PLAN_KEYS)
MOST_THREADS = 4096
LARGEST_WEIGHT = 4293
MOST_START_MS = 1e9


@dataclass(frozen=True, slots=True)
class ApplicationFile:
    """An application as written. `cores` are SKB ids, None where `placement` decides.

    `plan` is what the planner places, None where nothing about groups or traffic was said. `groups` are the manifests
    of the groups that its dispatchers may join while it runs, by name; `starts_ms` when they are created, one for all
    or one for each. `where` names file, line and key for later errors.
    """

    name: str
    workload: WorkloadFile
    threads: int
    cores: tuple[int, ...] | None
    placement: str
    manifest: str | None
    weight: int
    groups: Mapping[str, str]
    starts_ms: tuple[float, ...]
    plan: Application | None
    where: str

    @property
    def most_dispatchers(self) -> int:
        """One a core, but no more than threads."""
        return min(self.threads, len(self.cores)) if self.cores else self.threads

    @property
    def manifests(self) -> Mapping[str, str]:
        """Manifests by what they guarantee something to: the application, or "application/group"."""
        own = {} if self.manifest is None else {self.name: self.manifest}
        return own | {f"{self.name}/{group}": text for group, text in self.groups.items()}

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Who sends how much to whom, threads by number."""
        if self.plan is None:
            return ()
        number = {dispatcher: index for index, dispatcher in enumerate(self.plan.dispatchers)}
        return tuple((number[a], number[b], float(rate)) for a, b, rate in self.plan.traffic)


def read_application(fields: Fields) -> ApplicationFile:
    """One table; keys beside `app` override those of the file that it names."""
    base = _base(fields)

    def home(key: str) -> Fields:
        return fields if base is None or key in fields else base

    name = home("name").text("name")
    plan = _read_plan(name, home, base)
    cores = _read_cores(home("cores"))
    threads = _read_threads(home("threads"), plan, cores)
    kind = home("workload").choice("workload", WORKLOADS, "traffic" if plan and plan.traffic else None)
    found = ApplicationFile(
        name=name,
        workload=read_workload(kind, home("workload_options").part("workload_options")),
        threads=threads,
        cores=cores,
        placement=home("placement").choice("placement", PLACEMENTS, "compact"),
        manifest=_read_manifest(home("manifest")),
        weight=home("weight").count("weight", 1, least=1, most=LARGEST_WEIGHT),
        groups=_read_groups(home("groups"), has_manifest="manifest" in home("manifest")),
        starts_ms=_read_starts(home("starts_ms")),
        plan=plan,
        where=fields.source.where(fields.path),
    )
    fields.close(KEYS)
    if base is not None:
        base.close(KEYS)
    return found


def read_application_file(path: Path) -> ApplicationFile:
    """An APP.toml by itself."""
    return read_application(open_fields(read_text(path, "an application"), str(path), path.parent))


def _base(fields: Fields) -> Fields | None:
    if "app" not in fields:
        return None
    text, path = fields.file_text("app", "an application")
    return open_fields(text, str(path), path.parent)


def _read_plan(name: str, home: Any, base: Fields | None) -> Application | None:
    document: dict[str, Any] = {key: home(key).take(key) for key in PLAN_KEYS if key in home(key)}
    if not document:
        return None
    fields: Fields = home("group")
    try:
        return Application.from_mapping({"name": name, **document}, where=fields.source.name)
    except PlanError as error:
        raise _with_line(error, fields) from error


def _with_line(error: PlanError, fields: Fields) -> ExperimentError:
    """The planner's complaint with the line of the key that it names."""
    key = str(error.details.get("key", ""))
    path = ".".join(part for part in (fields.path, key) if part)
    found = error.details.get("found", error.message)
    return fields.source.refuse(path, str(found), str(error.details.get("accepted", "an application file")))


def _read_cores(fields: Fields) -> tuple[int, ...] | None:
    value = fields.take("cores")
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return parse_cpu_list(value, where="cores")
        except PlanError as error:
            raise fields.refuse("cores", f"found {value!r}", ACCEPTED) from error
    whole = isinstance(value, list) and all(isinstance(core, int) and not isinstance(core, bool) for core in value)
    if not whole or not value or len(set(value)) < len(value):
        raise fields.refuse("cores", f"found {value!r}", f"a list of different cores, or {ACCEPTED}")
    return tuple(value)


def _read_threads(fields: Fields, plan: Application | None, cores: tuple[int, ...] | None) -> int:
    planned = len(plan.dispatchers) if plan else None
    threads = fields.count("threads", planned or (len(cores) if cores else None), least=1, most=MOST_THREADS)
    if planned not in (None, threads) and plan and plan.traffic:
        raise fields.refuse("threads", f"found {threads}", f"{planned}, the dispatchers of its groups")
    return threads


def _read_manifest(fields: Fields, key: str = "manifest") -> str | None:
    """The manifest's text: it has a line break, or it names a file."""
    value = fields.take(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise fields.refuse(key, f"found {value!r}", "a manifest's text, or the name of its file")
    return value if "\n" in value else fields.file_text(key, "a manifest")[0]


def _read_groups(fields: Fields, *, has_manifest: bool) -> dict[str, str]:
    """Manifests by group: `groups = { name = "text or file" }`."""
    part, found = fields.part("groups"), {}
    if part.table and has_manifest:
        raise fields.refuse("groups", "found groups beside a manifest", "one of the two: guarantees are the groups'")
    for group in part.table:
        if not str(group) or "/" in str(group):
            raise part.refuse(str(group), f"found the group {group!r}", "a name without '/'")
        text = _read_manifest(part, group)
        assert text is not None
        found[str(group)] = text
    return found


def _read_starts(fields: Fields) -> tuple[float, ...]:
    value = fields.take("starts_ms", [])
    each = value if isinstance(value, list) else [value]
    return tuple(fields.check_number("starts_ms", one, MOST_START_MS) for one in each)
