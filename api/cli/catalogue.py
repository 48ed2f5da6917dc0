"""The commands of `skb`: in which module each is written, and what it does in one line."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A command named `machines` is the attribute `machines` of `api.cli.<module>`."""

    module: str
    summary: str
    attribute: str = ""


COMMANDS: dict[str, Entry] = {
    "load": Entry("knowledge.machine_commands", "read a machine into the store"),
    "machines": Entry("knowledge.machine_commands", "list the machines of the store"),
    "show": Entry("knowledge.machine_commands", "show one machine, or draw it as SVG"),
    "export": Entry("knowledge.machine_commands", "write a machine's facts"),
    "query": Entry("knowledge.query_command", "ask a machine's facts, or files of facts"),
    "rules": Entry("knowledge.rules_command", "list the standard rules that every goal may use"),
    "why": Entry("knowledge.why_command", "tell who said a fact, who said otherwise, and when"),
    "place": Entry("planning.place_command", "choose cores for an application's dispatchers"),
    "driver": Entry("planning.services_commands", "choose the core of a device's driver and its interrupts"),
    "memory": Entry("planning.services_commands", "choose memory nodes for a group of cores"),
    "scheme": Entry("planning.services_commands", "choose how a set of cores should keep common state"),
    "translate": Entry("planning.translate_command", "say a binding of threads in another notation"),
    "multicast": Entry("planning.multicast_command", "build the tree to reach a group of cores"),
    "admit": Entry("planning.manifest_commands", "tell whether manifests can be scheduled together, and how"),
    "submit": Entry("planning.manifest_commands", "admit a manifest for good"),
    "manifests": Entry("planning.manifest_commands", "list the manifests that are admitted"),
    "withdraw": Entry("planning.manifest_commands", "take an admitted manifest back"),
    "phase": Entry("planning.manifest_commands", "change the phase of an admitted application"),
    "replan": Entry("planning.replan_command", "fit what is admitted to the cores that are offered now"),
    "schedsim": Entry("running.schedsim_command", "draw the RBED chart of a Barrelfish scheduler scenario"),
    "simulate": Entry("running.simulate_command", "boot a simulated machine and run a scenario"),
    "experiment": Entry("running.experiment_commands", "run batches of experiments"),
    "reproduce": Entry("running.reproduce_command", "show the published results with ours beside them"),
    "serve": Entry("serve_command", "start the HTTP service on this machine"),
    "backup": Entry("knowledge.backup_command", "write the whole store into one file, or restore it"),
    "prune": Entry("knowledge.prune_command", "forget the oldest revisions of the store"),
    "demo": Entry("demo_command", "do the whole job once, from machine files to answers over HTTP"),
}
