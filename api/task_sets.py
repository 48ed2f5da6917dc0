"""Task sets of Linux tools as manifests, and admitted decisions in the words of those tools."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from api.failures import BadRequest
from planner.admission.reservations import Decision
from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.linux_deadline.emission import emit_deadline
from planner.linux_deadline.rt_app import TaskSet, looks_like_rt_app, read_rt_app, write_rt_app
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from skb.knowledge import KnowledgeBase

FORMATS = ("sched-deadline", "rt-app")

ReadManifest = Callable[[str], tuple[Manifest, str]]


def check_format(name: str | None) -> None:
    if name is not None and name not in FORMATS:
        raise BadRequest(f"format {name!r} is unknown; {' or '.join(FORMATS)} is accepted", code="unknown_format")


def read_task_sets(
    words: Sequence[str], knowledge: KnowledgeBase, read_manifest: ReadManifest
) -> tuple[list[Manifest], dict[str, tuple[int, ...]]]:
    """Manifests in order, with the cores (SKB ids) of the tasks that name CPUs."""
    manifests: list[Manifest] = []
    cores: dict[str, tuple[int, ...]] = {}
    for word in words:
        task_set = _task_set(word)
        if task_set is None:
            manifests.append(read_manifest(word)[0])
        else:
            manifests += task_set.manifests
            cores |= _cores(task_set, knowledge)
    return manifests, cores


def emitted(name: str, decision: Decision, manifests: Sequence[Manifest], knowledge: KnowledgeBase) -> dict[str, Any]:
    """The key `emit` of an admission's answer. Raises PlanError where the format cannot say it."""
    machine = Topology.of(knowledge)
    if name == "rt-app":
        return {"format": name, "text": write_rt_app(decision, manifests, machine)}
    return emit_deadline(decision, manifests, machine).to_json()


def _task_set(word: str) -> TaskSet | None:
    if not Path(word).is_file():
        return None
    from api.sources import read_text

    text = read_text(word, "the manifest")
    return read_rt_app(text, Path(word).stem) if looks_like_rt_app(text) else None


def _cores(task_set: TaskSet, knowledge: KnowledgeBase) -> dict[str, tuple[int, ...]]:
    machine = Topology.of(knowledge)
    known = {core.os_index: core.id for core in machine.cores if core.os_index is not None}
    for name, cpus in task_set.cpus.items():
        missing = [cpu for cpu in cpus if cpu not in known]
        if missing:
            raise PlanError(
                f"task {name} names CPU {missing[0]}, which {machine.name} has not; "
                f"{format_cpu_list(sorted(known)) or 'no CPU of a machine without OS indexes'} is accepted",
                code="unknown_core",
                details={"application": name, "cpu": missing[0]},
            )
    return {name: tuple(known[cpu] for cpu in cpus) for name, cpus in task_set.cpus.items()}
