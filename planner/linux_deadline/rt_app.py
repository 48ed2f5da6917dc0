"""rt-app's JSON as manifests, and an admitted decision as rt-app's JSON; rt-app counts in microseconds."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from planner.admission.reservations import Decision, Reservation
from planner.errors import PlanError
from planner.linux_deadline.emission import os_index
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from planner.manifests.phase_check import NS_PER_MS, Spot, check_phases, make_best_effort, make_reserved
from planner.manifests.phases import Group, Phase, check_dispatchers

DEADLINE = "SCHED_DEADLINE"
BEST_EFFORT = ("SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE")
MOST_TASKS = 4096
SECONDS = 10
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
_US_PER_MS = 1000
_OLD_KEYS = {"dl-runtime": "runtime", "dl-deadline": "deadline", "dl-period": "period"}


@dataclass(frozen=True, slots=True)
class TaskSet:
    """A manifest for each task; `cpus` are the OS indexes that a task names, where it names one for each instance."""

    manifests: tuple[Manifest, ...]
    cpus: Mapping[str, tuple[int, ...]]


def looks_like_rt_app(text: str) -> bool:
    return _COMMENT.sub(lambda found: found[1] or " ", text[:100_000]).lstrip().startswith("{")


def read_rt_app(text: str, name: str) -> TaskSet:
    """Tasks of SCHED_DEADLINE become H phases, those of SCHED_OTHER best effort; `run` and timers stay rt-app's.

    Instances are no gang, so each is a group of its own.

    A repeated key counts by its last value, as rt-app's generated files have them. Raises PlanError with line or key.
    """
    spot = Spot(name, key="tasks")
    document = _parse(text, name)
    tasks = document.get("tasks")
    if not isinstance(tasks, dict) or not 1 <= len(tasks) <= MOST_TASKS:
        raise spot.refuse("no table of tasks", f"`tasks` with 1 to {MOST_TASKS} tasks is accepted")
    policy = _table(document.get("global", {}), Spot(name, key="global")).get("default_policy", "SCHED_OTHER")
    manifests, cpus = [], {}
    for task, table in tasks.items():
        where = Spot(name, key=f"tasks.{task}")
        table = {"policy": policy, **_table(table, where)}
        manifests.append(_manifest(task, table, where))
        if "cpus" in table:
            cpus[task] = _cpus(table["cpus"], manifests[-1].dispatcher_count, where)
    return TaskSet(tuple(manifests), cpus)


def write_rt_app(decision: Decision, manifests: Sequence[Manifest], machine: Topology) -> str:
    """A task for each dispatcher, on its core, with a phase for each of its phases.

    Raises PlanError (code "not_expressible") for times that are no whole microseconds.
    """
    tasks: dict[str, Any] = {}
    for manifest in manifests:
        for number, first in enumerate(decision.promises[manifest.name, 0]):
            held = [decision.promises[manifest.name, phase][number] for phase in range(manifest.phase_count)]
            name = manifest.name if manifest.dispatcher_count == 1 else f"{manifest.name}.{first.dispatcher}"
            phases = [_written(one, name) for one in held]
            body = phases[0] if len(phases) == 1 else {"phases": {f"phase{at}": one for at, one in enumerate(phases)}}
            tasks[name] = {"cpus": [os_index(machine, first.core)], "loop": -1, **body}
    document = {"tasks": tasks, "global": {"duration": SECONDS, "default_policy": "SCHED_OTHER"}}
    return json.dumps(document, indent=4) + "\n"


def _parse(text: str, name: str) -> dict[str, Any]:
    def refuse_constant(word: str) -> Any:
        raise Spot(name).refuse(f"the number {word}", "finite numbers are accepted")

    plain = _COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    try:
        document = json.loads(plain, parse_float=Decimal, parse_constant=refuse_constant, object_pairs_hook=dict)
    except json.JSONDecodeError as error:
        raise Spot(name, line=error.lineno).refuse(error.msg, "JSON as rt-app reads it is accepted") from error
    except (RecursionError, ValueError) as error:
        raise Spot(name).refuse(
            "nested too deeply, or a number too long", "JSON as rt-app reads it is accepted"
        ) from error
    return _table(document, Spot(name))


def _table(value: Any, spot: Spot) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise spot.refuse(f"found {str(value)[:40]!r}", "a table is accepted")
    return value


def _manifest(task: str, table: Mapping[str, Any], spot: Spot) -> Manifest:
    instances = table.get("instance", 1)
    if isinstance(instances, bool) or not isinstance(instances, int):
        raise spot.refuse(f"instance {instances!r}", "a whole number is accepted")
    parts = _table(table.get("phases", {"": {}}), spot)
    phases = tuple(_phase({**table, **_table(part, spot)}, spot) for part in parts.values())
    check_dispatchers(instances, spot.place)
    return Manifest(task, tuple(Group(f"instance{at}", 1, check_phases(phases, spot)) for at in range(instances)))


def _phase(table: Mapping[str, Any], spot: Spot) -> Phase:
    policy = table["policy"]
    if policy in BEST_EFFORT:
        return make_best_effort(Decimal(1), spot)
    if policy != DEADLINE:
        raise spot.refuse(f"policy {policy!r}", f"{DEADLINE}, or {', '.join(BEST_EFFORT)} as best effort, is accepted")
    runtime = _milliseconds(table, "dl-runtime", spot)
    period = _milliseconds(table, "dl-period", spot, _milliseconds(table, "dl-deadline", spot))
    deadline = _milliseconds(table, "dl-deadline", spot, period)
    if runtime is None or period is None:
        raise spot.refuse("no dl-runtime, or no dl-period", "both in microseconds are accepted")
    return make_reserved("H", runtime, period, deadline, Decimal(0), spot)


def _milliseconds(table: Mapping[str, Any], key: str, spot: Spot, default: Decimal | None = None) -> Decimal | None:
    value = table.get(key, table.get(_OLD_KEYS[key]))
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise spot.refuse(f"{key} is {str(value)[:40]!r}", "a number of microseconds is accepted")
    return Decimal(value) / _US_PER_MS


def _cpus(value: Any, instances: int, spot: Spot) -> tuple[int, ...]:
    if not isinstance(value, list) or any(isinstance(cpu, bool) or not isinstance(cpu, int) for cpu in value):
        raise spot.refuse(f"cpus {str(value)[:40]}", "a list of CPU numbers is accepted")
    if len(value) != instances:
        raise spot.refuse(f"{len(value)} cpus for {instances} instances", "one CPU for each instance is accepted")
    return tuple(value)


def _written(one: Reservation, name: str) -> dict[str, Any]:
    if one.kind == "B":
        return {"policy": "SCHED_OTHER", "run": SECONDS * _US_PER_MS}
    runtime, deadline, period = (
        _microseconds(value_ns, name) for value_ns in (one.wcet_ns, one.deadline_ns, one.period_ns)
    )
    return {
        "policy": DEADLINE,
        "dl-runtime": runtime,
        "dl-deadline": deadline,
        "dl-period": period,
        "run": runtime,
        "timer": {"ref": name, "period": period, "mode": "absolute"},
    }


def _microseconds(value_ns: int, name: str) -> int:
    whole, rest = divmod(value_ns, NS_PER_MS // _US_PER_MS)
    if rest:
        raise PlanError(
            f"{name} has a time of {value_ns} ns, which rt-app cannot say; whole microseconds are accepted",
            code="not_expressible",
            details={"application": name, "found": value_ns},
        )
    return whole
