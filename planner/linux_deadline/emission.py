"""An admitted decision in Linux' words: exclusive cpusets, a command for each phase, and what it promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.admission.reservations import Decision, Reservation
from planner.errors import PlanError
from planner.linux_deadline.attributes import DeadlineTask, check_attributes
from planner.linux_deadline.guarantee import Promise, promise
from planner.linux_deadline.root_domain import RootDomain, one_cpu_each
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Emission:
    """Root domains with their tasks, what each promises, and who stays best effort."""

    domains: tuple[RootDomain, ...]
    promises: tuple[Promise, ...]
    best_effort: tuple[tuple[str, int, int], ...]

    @property
    def text(self) -> str:
        """Commands for a shell, the promises as comments."""
        lines = ["# cpusets of one CPU each (cgroup v2, as root), so that the kernel's test is a test of that CPU"]
        for domain in self.domains:
            lines += _cpuset(domain.cpus[0])
        for domain, promised in zip(self.domains, self.promises, strict=True):
            head = f"# CPU {domain.cpus[0]}: bandwidth {domain.total} of {domain.limit} (2^-20)"
            lines += ["", head, *(f"# {sentence}" for sentence in promised.sentences)]
            for task in domain.tasks:
                lines += [f"# {task.name}", f"sh -c 'echo $$ > {_folder(task.cpu)}/cgroup.procs; exec {task.command}'"]
        for application, dispatcher, phase in self.best_effort:
            lines.append(f"# {application}.{dispatcher} phase {phase} is best effort: chrt -o 0 COMMAND")
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        return {
            "format": "sched-deadline",
            "text": self.text,
            "root_domains": [domain.to_json() for domain in self.domains],
            "guarantee": [one.to_json() for one in self.promises],
        }


def emit_deadline(decision: Decision, manifests: Sequence[Manifest], machine: Topology) -> Emission:
    """Every phase of every application, with its manifest's own deadline; for an admitted decision.

    A gang's deadline in the schedule is its WCET, which only offsets can keep. Raises PlanError for a core without an
    OS index and for parameters that the kernel refuses.
    """
    asked = {manifest.name: manifest for manifest in manifests}
    tasks, rest = [], []
    for (name, phase), own in decision.promises.items():
        for one in own:
            if one.kind == "B":
                rest.append((name, one.dispatcher, phase))
            else:
                tasks.append(check_attributes(_task(one, phase, asked[name], machine)))
    domains = one_cpu_each(tasks)
    return Emission(domains, tuple(promise(domain) for domain in domains), tuple(rest))


def os_index(machine: Topology, core: int) -> int:
    """Raises PlanError (code "no_os_index") where the machine's facts state none."""
    index = machine.core(core).os_index
    if index is None:
        raise PlanError(
            f"core {core} of {machine.name} has no OS index, by which Linux knows it; a machine read from hwloc or "
            "Linux is accepted",
            code="no_os_index",
            details={"core": core, "machine": machine.name},
        )
    return index


def _task(one: Reservation, phase: int, manifest: Manifest, machine: Topology) -> DeadlineTask:
    group = next(group for group in reversed(manifest.groups) if manifest.first_dispatcher(group) <= one.dispatcher)
    asked = group.phase(phase)
    return DeadlineTask(
        application=one.application,
        dispatcher=one.dispatcher,
        phase=phase,
        core=one.core,
        cpu=os_index(machine, one.core),
        runtime_ns=one.wcet_ns,
        deadline_ns=one.wcet_ns if asked.deadline_ns == asked.wcet_ns else asked.promised_deadline_ns,
        period_ns=one.period_ns,
        is_gang=group.is_gang(phase) and group.dispatchers > 1,
    )


def _folder(cpu: int) -> str:
    return f"/sys/fs/cgroup/skb.cpu{cpu}"


def _cpuset(cpu: int) -> list[str]:
    folder = _folder(cpu)
    return [
        f"mkdir {folder} && echo {cpu} > {folder}/cpuset.cpus.exclusive && echo {cpu} > {folder}/cpuset.cpus "
        f"&& echo root > {folder}/cpuset.cpus.partition",
    ]
