"""The planner's steps: a placement, a multicast tree, an admission with all its schedules."""

from api.bindings import emitted
from api.cli.planning.manifest_commands import decision_text
from api.cli.planning.multicast_command import tree_text
from api.cli.planning.place_command import placement_text
from api.demo.material import (
    APPLICATION,
    APPLICATION_IN_WORDS,
    BARRIER_CORES,
    BARRIER_MANIFEST,
    CPU_CORES,
    CPU_MANIFEST,
    LARGE,
    SMALL,
)
from api.demo.narration import Narrator
from planner.applications.application import Application
from planner.controller import consider, submit
from planner.machine.topology import Topology
from planner.manifests.manifest import Manifest
from planner.placement import place
from planner.trees.tree import multicast
from skb.store.store import Store


def place_application(tell: Narrator, store: Store) -> None:
    """Dispatchers to cores at the least traffic x latency, with the commands that bind them."""
    with tell.step(f"Place an application on {SMALL}: {APPLICATION_IN_WORDS}"):
        machine = Topology.of(store.knowledge(SMALL))
        application = Application.from_mapping(APPLICATION, "application")
        placement = place(application, machine, seed=1)
        tell.show(placement_text(placement))
        lines = emitted("taskset", placement, application, machine)["text"].split("\n")
        tell.say("as commands (skb place --emit taskset): " + "; ".join(lines[:2]))
        tell.results["placement"] = placement.to_json()


def build_tree(tell: Narrator, store: Store) -> None:
    """The answer beside the dissertation's two-level tree and plain unicast."""
    with tell.step(f"Build the multicast tree that reaches all of {LARGE} from core 0"):
        machine = Topology.of(store.knowledge(LARGE))
        tree = multicast(machine, 0)
        tell.show(tree_text(tree))
        others = {name: multicast(machine, 0, method=name).makespan_ps / 1000 for name in ("two-level", "sequential")}
        tell.say(
            f"Barrelfish's two-level tree takes {others['two-level']:,.1f} ns, one message after the other "
            f"{others['sequential']:,.1f} ns"
        )
        tell.results["tree"] = tree.to_json()


def admit_applications(tell: Narrator, store: Store) -> None:
    """BARRIER's manifest for good, CPU-Bound beside it; a schedule for each combination of phases."""
    with tell.step("Submit the dissertation's manifest (Fig 3.4) for BARRIER, beside CPU-Bound as best effort"):
        tell.show(BARRIER_MANIFEST.rstrip())
        knowledge = store.knowledge(SMALL)
        barrier = Manifest.from_text(BARRIER_MANIFEST, name="barrier", dispatchers=len(BARRIER_CORES))
        accepted, decision = submit(knowledge, barrier, text=BARRIER_MANIFEST, cores={"barrier": BARRIER_CORES})
        assert accepted is not None, decision.refusal
        tell.say(f"admitted for good under id {accepted.id}; CPU-Bound asks for no guarantee and shares cores 8-15:")
        cpu = Manifest.from_text(CPU_MANIFEST, name="cpu", dispatchers=len(CPU_CORES))
        both = consider(knowledge, [cpu], cores={"cpu": CPU_CORES})
        tell.show(decision_text(both))
        third = Manifest.from_text("G 80 160 80\n", name="third", dispatchers=len(BARRIER_CORES))
        refused = consider(knowledge, [third])
        tell.say("a second gang of 80 in 160 ms on all cores would take the tenth that best effort keeps:")
        tell.show(decision_text(refused))
        tell.results["admission"] = {"id": accepted.id, "schedules": len(both.schedules)}
