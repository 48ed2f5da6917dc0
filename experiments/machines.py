"""The machine of an experiment: as it is, and as the knowledge base believes it to be."""

from dataclasses import dataclass

import facts
import skb
from experiments.errors import ExperimentError
from planner.topology import Topology


@dataclass(frozen=True)
class MachineView:
    """`true` is simulated, `believed` is planned with. They differ where a store knows the machine otherwise."""

    true: skb.KnowledgeBase
    believed: skb.KnowledgeBase

    def topology(self) -> Topology:
        return Topology.of(self.true)

    def belief(self) -> Topology:
        return Topology.of(self.believed) if self.believed is not self.true else self.topology()


def find_machine(
    name: str, knowledge: skb.Store | skb.KnowledgeBase | None = None, where: str = "machine"
) -> MachineView:
    """A bundled machine's name, a synthetic description, or the name of a machine in the store.

    Bundled and synthetic machines are simulated as described, whatever the store says; plans go by the store's facts
    where it has a machine of that name. Other machines are both what the store says.
    """
    believed = _in_store(name, knowledge)
    described = _described(name)
    if described is not None:
        return MachineView(described, believed or described)
    if believed is not None:
        return MachineView(believed, believed)
    known = [summary.name for summary in _store(knowledge).machines()] if knowledge is not None else []
    accepted = ", ".join([*facts.bundled(), *(each for each in known if each not in facts.bundled())])
    raise ExperimentError(
        f"{where}: machine {name!r} was not found; accepted: {accepted}, or synthetic:pack:2 core:4 pu:1 and the like",
        code="unknown_machine",
        details={"machine": name, "accepted": [*facts.bundled(), *known]},
    )


def _described(name: str) -> skb.KnowledgeBase | None:
    """Only names: a scenario must not make this process read files or the host."""
    if name not in facts.bundled() and not name.startswith("synthetic:"):
        return None
    try:
        return skb.load(facts.read(name))
    except facts.ReadError as error:
        raise ExperimentError(error.message, code=error.code, details=error.details) from error


def _in_store(name: str, knowledge: skb.Store | skb.KnowledgeBase | None) -> skb.KnowledgeBase | None:
    if knowledge is None:
        return None
    if isinstance(knowledge, skb.KnowledgeBase) and knowledge.machine == name:
        return knowledge
    store = _store(knowledge)
    if any(summary.name == name for summary in store.machines()):
        return store.knowledge(name)
    return None


def _store(knowledge: skb.Store | skb.KnowledgeBase) -> skb.Store:
    return knowledge.store if isinstance(knowledge, skb.KnowledgeBase) else knowledge
