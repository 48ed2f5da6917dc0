"""The machine of an experiment: as it is, and as the knowledge base believes it to be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import facts
import skb
from experiments.deploy import cost_provenance
from experiments.errors import ExperimentError
from planner.machine.topology import Topology

Knowledge: TypeAlias = skb.Store | skb.KnowledgeBase | Mapping[str, skb.Snapshot]
"""Where machines are known: a store, one machine of it, or snapshots by name."""


@dataclass(frozen=True)
class MachineView:
    """`true` is simulated, `believed` is planned with. They differ where a store knows the machine otherwise.

    `facts` are what describes the true machine, `provenance` the source of each of its scalar costs.
    """

    true: Topology
    believed: Topology
    facts: skb.Snapshot
    provenance: Mapping[str, str]


def find_machine(name: str, knowledge: Knowledge | None = None, where: str = "machine") -> MachineView:
    """A bundled machine's name, a synthetic description, or the name of a machine in the store.

    Bundled and synthetic machines are simulated as described, whatever the store says; plans go by the store's facts
    where it has a machine of that name. Other machines are both what the store says.
    """
    believed = _in_store(name, knowledge)
    if _is_described(name):
        described = _described(name)
        return replace(described, believed=Topology.of(believed)) if believed is not None else described
    if believed is not None:
        return _view(believed)
    known = _known(knowledge)
    accepted = ", ".join([*facts.bundled(), *(each for each in known if each not in facts.bundled())])
    raise ExperimentError(
        f"{where}: machine {name!r} was not found; accepted: {accepted}, or synthetic:pack:2 core:4 pu:1 and the like",
        code="unknown_machine",
        details={"machine": name, "accepted": [*facts.bundled(), *known]},
    )


def _is_described(name: str) -> bool:
    """Only names: a scenario must not make this process read files or the host."""
    return name in facts.bundled() or name.startswith("synthetic:")


@lru_cache(maxsize=8)
def _described(name: str) -> MachineView:
    """Read once for all runs of a batch: the view is immutable and depends on nothing but the name."""
    try:
        return _view(skb.load(facts.read(name)).snapshot())
    except facts.ReadError as error:
        raise ExperimentError(error.message, code=error.code, details=error.details) from error


def _view(snapshot: skb.Snapshot) -> MachineView:
    machine = Topology.of(snapshot)
    return MachineView(machine, machine, snapshot, cost_provenance(snapshot))


def _in_store(name: str, knowledge: Knowledge | None) -> skb.Snapshot | None:
    if isinstance(knowledge, skb.KnowledgeBase) and knowledge.machine == name:
        return knowledge.snapshot()
    if isinstance(knowledge, Mapping):
        return knowledge.get(name)
    return _store(knowledge).snapshot(name) if knowledge is not None and name in _known(knowledge) else None


def _known(knowledge: Knowledge | None) -> list[str]:
    if knowledge is None or isinstance(knowledge, Mapping):
        return list(knowledge or ())
    return [summary.name for summary in _store(knowledge).machines()]


def _store(knowledge: skb.Store | skb.KnowledgeBase) -> skb.Store:
    return knowledge.store if isinstance(knowledge, skb.KnowledgeBase) else knowledge
