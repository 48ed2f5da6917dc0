"""All notations of a binding by name, and what each can and cannot say."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.binding.binding import Binding, Memory, Policy, Written, not_expressible
from planner.binding.formats import commands, groups, hwloc, kubernetes, likwid, openmp, rankfile, slurm
from planner.binding.numbering import Numbering
from planner.errors import PlanError

MOST_CHARACTERS = 1_000_000
MOST_MEMBERS = 65_536
_DISALLOWED = "logical indexes count the machine's disallowed CPUs too, which tools leave out unless told otherwise"


@dataclass(frozen=True, slots=True)
class Notation:
    """`memory` holds the policies that it has words for; `read` None is a notation that binds nothing by itself."""

    name: str
    write: Callable[[Binding, Numbering], Written]
    read: Callable[[str, Numbering], Binding] | None
    memory: tuple[Policy, ...] = ()
    begins: tuple[str, ...] = ()


_ALL_POLICIES: tuple[Policy, ...] = ("bind", "preferred", "interleave", "local")

NOTATIONS: dict[str, Notation] = {
    notation.name: notation
    for notation in (
        Notation("taskset", commands.write_taskset, commands.read_taskset, begins=("taskset",)),
        Notation("numactl", commands.write_numactl, commands.read_numactl, _ALL_POLICIES, ("numactl",)),
        Notation(
            "hwloc-bind",
            hwloc.write_hwloc_bind,
            hwloc.read_hwloc_bind,
            ("bind", "interleave", "local"),
            ("hwloc-bind",),
        ),
        Notation(
            "omp-places",
            openmp.write_omp_places,
            openmp.read_omp_places,
            begins=("export OMP_", "OMP_", "{"),
        ),
        Notation("gomp", openmp.write_gomp, openmp.read_gomp, begins=("export GOMP_", "GOMP_")),
        Notation("likwid-pin", likwid.write_likwid_pin, likwid.read_likwid_pin, begins=("likwid-pin",)),
        Notation("rankfile", rankfile.write_rankfile_v4, rankfile.read_rankfile, begins=("rank ",)),
        Notation("rankfile-v5", rankfile.write_rankfile_v5, rankfile.read_rankfile),
        Notation("slurm", slurm.write_slurm, slurm.read_slurm, ("bind", "local"), ("srun",)),
        Notation("systemd", groups.write_systemd, groups.read_systemd, _ALL_POLICIES, ("[", "CPUAffinity", "Allowed")),
        Notation(
            "cpuset", groups.write_cpuset, groups.read_cpuset, ("bind",), ("echo", "cpuset.", "Cpus_", "--cpuset")
        ),
        Notation("kubernetes", kubernetes.write_kubernetes, None, begins=("apiVersion", "kind: ")),
        Notation("taskset-mask", commands.write_taskset_mask, commands.read_taskset),
        Notation("kernel-mask", groups.write_kernel_mask, groups.read_kernel_mask),
    )
}


def notation_named(name: str) -> Notation:
    """PlanError (code "unsupported_format") for a name that is none of NOTATIONS; `rankfile-v4` is `rankfile`."""
    found = NOTATIONS.get("rankfile" if name == "rankfile-v4" else name)
    if found is None:
        raise PlanError(
            f"the binding format {name[:40]!r} is not known; {', '.join(NOTATIONS)} are accepted",
            code="unsupported_format",
            details={"found": name[:40], "accepted": list(NOTATIONS)},
        )
    return found


def recognise(text: str) -> Notation:
    """The notation that a text begins like; PlanError (code "unsupported_format") where it is none."""
    first = next((line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"), "")
    if first.startswith(("OMP_NUM_THREADS", "export OMP_NUM_THREADS")):
        return NOTATIONS["gomp" if "GOMP_CPU_AFFINITY" in text else "omp-places"]
    for notation in NOTATIONS.values():
        if first.startswith(notation.begins or ("\0",)):
            return notation
    raise PlanError(
        f"the notation of {first[:40]!r} is not recognised; name it by --from: {', '.join(NOTATIONS)}",
        code="unsupported_format",
        details={"found": first[:40], "accepted": list(NOTATIONS)},
    )


def read_binding(text: str, notation: Notation, numbering: Numbering) -> Binding:
    """What a text says. Raises PlanError where it is no such text or names what the machine does not have."""
    if len(text) > MOST_CHARACTERS:
        raise PlanError(
            f"{notation.name}: the text has {len(text)} characters; at most {MOST_CHARACTERS} are read",
            code="too_long",
            details={"found": len(text), "accepted": MOST_CHARACTERS},
        )
    if notation.read is None:
        raise PlanError(
            f"{notation.name} binds to no CPUs that could be read: {kubernetes.WHY_NOT}",
            code="not_expressible",
            details={"format": notation.name, "reason": kubernetes.WHY_NOT},
        )
    binding = notation.read(text, numbering)
    if not 0 < len(binding.members) <= MOST_MEMBERS:
        raise PlanError(
            f"{notation.name}: the text binds {len(binding.members)} threads; 1 to {MOST_MEMBERS} are accepted",
            code="bad_binding",
            details={"format": notation.name, "found": len(binding.members)},
        )
    return binding


def write_binding(binding: Binding, notation: Notation, numbering: Numbering) -> Written:
    """The binding in words. Raises PlanError (code "not_expressible") rather than to say more or less."""
    for bound in binding.members:
        if bound.memory is not None and bound.memory.policy not in notation.memory:
            reason = f"its memory has the policy {_shown(bound.memory)}, for which there are no words"
            policies = ", ".join(notation.memory)
            accepted = f"memory with the policy {policies}" if policies else "a binding of CPUs alone"
            raise not_expressible(notation.name, bound.name, reason, accepted)
    written = notation.write(binding, numbering)
    if written.index != "logical" or not numbering.has_disallowed:
        return written
    return Written(written.text, written.index, (*written.notes, _DISALLOWED))


def translate(text: str, source: Notation, target: Notation, numbering: Numbering) -> tuple[Binding, Written]:
    """What a text says, and the same in another notation; PlanError where that could not say the same."""
    binding = read_binding(text, source, numbering)
    if target.read is None:
        accepted = f"one of {', '.join(name for name, one in NOTATIONS.items() if one.read)}"
        raise not_expressible(target.name, binding.members[0].name, kubernetes.WHY_NOT, accepted)
    return binding, write_binding(binding, target, numbering)


def _shown(memory: Memory) -> str:
    return memory.policy if not memory.nodes else f"{memory.policy} (NUMA node {', '.join(map(str, memory.nodes))})"
