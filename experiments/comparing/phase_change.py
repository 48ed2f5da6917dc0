"""What a phase change costs on an otherwise idle machine, by unicast or along a tree."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import kernelsim
from experiments.deploy import deploy, deploy_schedules
from experiments.errors import ExperimentError
from kernelsim.scenario import MILLISECOND_PS, Scripted
from planner.admission.admit import admit
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest

NAME = "probe"
TWO_PHASES = "B 1\nB 2\n"
DURATION_PS = 10 * MILLISECOND_PS
ASKS_AND_WAITS = ((MILLISECOND_PS, "run"), *((MILLISECOND_PS + at * 100_000, "block") for at in range(1, 100)))
"""The initiator asks as soon as it runs, and waits for the answer: a block means nothing unless it runs."""

Sends: TypeAlias = Mapping[int, Sequence[int]]
"""Each core's children in sending order, by SKB ids."""


def phase_change_cycles(machine: Topology, *, tree: Sends | None = None, cores: Sequence[int] | None = None) -> int:
    """Cycles of the initiating core from asking for a phase to the one aggregated reply.

    The first of `cores` (all allowed ones by default) initiates; it tells every other core itself, or sends along
    `tree`, whose root it must be. Raises ExperimentError for cores that do not exist and changes without an answer.
    """
    chosen = tuple(machine.allowed_ids if cores is None else cores)
    cycles = change_phase(machine, chosen, tree).phase_changes[0].cycles
    if cycles is None:
        raise ExperimentError(
            f"the phase change over {len(chosen)} cores of {machine.name} was not answered; a tree that reaches each "
            "of them from the first is accepted",
            code="no_answer",
        )
    return cycles


def change_phase(machine: Topology, cores: Sequence[int], tree: Sends | None) -> kernelsim.Outcome:
    """The run: the first core asks and waits, the others sleep. Raises ExperimentError for unknown cores."""
    deployment = deploy(machine)
    placed = deployment.indices(cores, "phase change")
    manifest = Manifest.from_text(TWO_PHASES, name=NAME, dispatchers=len(cores))
    decision = admit([manifest], machine, cores={NAME: tuple(cores)})
    scripts = (ASKS_AND_WAITS, *((),) * (len(placed) - 1))
    sends = None if tree is None else _dense(tree, deployment.core_ids)
    return kernelsim.run(
        kernelsim.Scenario(
            machine=deployment.machine,
            applications=(kernelsim.Application(NAME, Scripted(scripts), placed),),
            duration_ps=DURATION_PS,
            schedules=deploy_schedules(decision.schedules),
            synchronise=True,
            phase_changes=(kernelsim.PhaseChange(NAME, 1, 0, sends),),
        )
    )


def _dense(tree: Sends, core_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    index = {core: at for at, core in enumerate(core_ids)}
    return {index[sender]: tuple(index[child] for child in children) for sender, children in tree.items()}
