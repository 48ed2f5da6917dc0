"""Cores that an application has already, or was promised by name."""

from collections.abc import Mapping, Sequence

from planner.admission.reservations import Decision
from planner.cpu_list import format_cpu_list
from planner.errors import PlanError
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from planner.manifests.phases import Group


def fix_cores(
    manifests: Sequence[Manifest],
    machine: Topology,
    asked: Mapping[str, Sequence[int]],
    standing: Decision | None,
) -> dict[str, tuple[int, ...]]:
    """Cores by application: of the standing decision, then as asked; PlanError where they cannot be."""
    names = {manifest.name: manifest for manifest in manifests}
    fixed = {name: cores for name, cores in (standing.cores if standing else {}).items() if name in names}
    for name, cores in asked.items():
        if name not in names:
            raise PlanError(
                f"cores were given for {name!r}, which is none of the applications: {', '.join(names)}",
                code="unknown_application",
                details={"application": name, "accepted": sorted(names)},
            )
        fixed[name] = _check_cores(names[name], machine, tuple(cores))
    return fixed


def _check_cores(manifest: Manifest, machine: Topology, cores: tuple[int, ...]) -> tuple[int, ...]:
    for core in cores:
        if not machine.core(core).allowed:
            raise PlanError(
                f"core {core} of {machine.name} is not to be used; allowed are {format_cpu_list(machine.allowed_ids)}",
                code="disallowed_core",
                details={"core": core, "application": manifest.name},
            )
    if len(cores) != manifest.dispatcher_count:
        raise PlanError(
            f"{manifest.name} has {manifest.dispatcher_count} dispatchers and {len(cores)} cores were given; "
            "one core for each dispatcher is accepted",
            code="wrong_core_count",
            details={"application": manifest.name, "cores": list(cores)},
        )
    for group in manifest.groups:
        own = _slice(manifest, group, cores)
        if len(set(own)) < len(own):
            raise PlanError(
                f"{manifest.name} was given a core twice among {list(own)}; "
                "different cores for the dispatchers of one group are accepted",
                code="repeated_core",
                details={"application": manifest.name, "cores": list(own)},
            )
    return cores


def _slice(manifest: Manifest, group: Group, cores: tuple[int, ...]) -> tuple[int, ...]:
    first = manifest.first_dispatcher(group)
    return cores[first : first + group.dispatchers]
