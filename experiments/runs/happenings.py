"""What happens during a run, from the file's cores and milliseconds to the simulator's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import kernelsim
from experiments.deploy import Deployment
from experiments.files.happenings import OperationFile, PhaseChangeFile, Tree
from experiments.files.scenario import ScenarioFile
from kernelsim.scenario import Deallocation, Join, domain_of
from planner.machine.topology import Topology

OF_A_CORE = ("join", "leave", "send")
"""Operations whose subject is a core."""

Cores = Mapping[str, Sequence[int]]
"""SKB ids by application."""


def deploy_happenings(
    scenario: kernelsim.Scenario, file: ScenarioFile, cores: Cores, belief: Topology, deployment: Deployment
) -> kernelsim.Scenario:
    """The scenario with what is to happen in it. Raises ExperimentError for cores that the machine does not have."""
    found = file.happenings
    where = file.source.where("stops_ms")
    return replace(
        scenario,
        stops_ps={deployment.indices([core], where)[0]: _ps(after) for core, after in found.stops_ms.items()},
        phase_changes=tuple(_phase_change(one, cores, belief, deployment) for one in found.phase_changes),
        joins=tuple(Join(one.application, one.dispatcher, one.group, _ps(one.at_ms)) for one in found.joins),
        deallocations=tuple(
            Deallocation(one.application, one.dispatcher, _ps(one.at_ms), _ps(one.grace_ms))
            for one in found.deallocations
        ),
        operations=tuple(_operation(one, cores, belief, deployment) for one in found.operations),
    )


def sends_of(key: str, tree: Tree, cores: Cores, belief: Topology) -> Mapping[int, tuple[int, ...]] | None:
    """Each core's children, by SKB ids, for an application or one of its groups; None where the first core tells all
    others itself.
    """
    own = cores[domain_of(key)]
    if tree == "multicast":
        from planner import multicast  # solvers load slowly

        return multicast(belief, own[0], own).sends if len(own) > 1 else {}
    return None if isinstance(tree, str) else tree


def _phase_change(
    one: PhaseChangeFile, cores: Cores, belief: Topology, deployment: Deployment
) -> kernelsim.PhaseChange:
    sends = _deploy_tree(one.application, one.tree, cores, belief, deployment)
    return kernelsim.PhaseChange(one.application, one.phase, _ps(one.at_ms), sends, one.order)


def _operation(one: OperationFile, cores: Cores, belief: Topology, deployment: Deployment) -> kernelsim.Operation:
    where = f"{one.kind!r} by {one.application!r}"
    subject = deployment.indices([one.subject], where)[0] if one.kind in OF_A_CORE else one.subject
    return kernelsim.Operation(
        kind=one.kind,
        application=one.application,
        subject=subject,
        to=one.to,
        at_ps=_ps(one.at_ms),
        sends=_deploy_tree(one.application, one.tree, cores, belief, deployment),
        order=one.order,
        work_ps=None if one.work_us is None else _ps(one.work_us / 1e3),
    )


def _deploy_tree(
    key: str, tree: Tree, cores: Cores, belief: Topology, deployment: Deployment
) -> dict[int, tuple[int, ...]] | None:
    sends = sends_of(key, tree, cores, belief)
    where = f"the tree of {key!r}"
    if sends is None:
        return None
    return {
        deployment.indices([core], where)[0]: deployment.indices(children, where) for core, children in sends.items()
    }


def _ps(milliseconds: float) -> int:
    return round(milliseconds * 1e9)
