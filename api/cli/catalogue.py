"""The commands of `skb`: in which module each is written, and what it does in one line."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A command named `machines` is the attribute `machines` of `api.cli.<module>`."""

    module: str
    summary: str
    attribute: str = ""


COMMANDS: dict[str, Entry] = {
    "load": Entry("machine_commands", "read a machine into the store"),
    "machines": Entry("machine_commands", "list the machines of the store"),
    "show": Entry("machine_commands", "show one machine, or draw it as SVG"),
    "export": Entry("machine_commands", "write a machine's facts"),
    "query": Entry("query_command", "ask a machine's facts, or files of facts"),
    "rules": Entry("rules_command", "list the standard rules that every goal may use"),
    "why": Entry("why_command", "tell who said a fact, who said otherwise, and when"),
    "place": Entry("place_command", "choose cores for an application's dispatchers"),
    "driver": Entry("services_commands", "choose the core of a device's driver and its interrupts"),
    "memory": Entry("services_commands", "choose memory nodes for a group of cores"),
    "scheme": Entry("services_commands", "choose how a set of cores should keep common state"),
    "translate": Entry("translate_command", "say a binding of threads in another notation"),
    "multicast": Entry("multicast_command", "build the tree to reach a group of cores"),
    "admit": Entry("manifest_commands", "tell whether manifests can be scheduled together, and how"),
    "submit": Entry("manifest_commands", "admit a manifest for good"),
    "manifests": Entry("manifest_commands", "list the manifests that are admitted"),
    "withdraw": Entry("manifest_commands", "take an admitted manifest back"),
    "phase": Entry("manifest_commands", "change the phase of an admitted application"),
    "replan": Entry("replan_command", "fit what is admitted to the cores that are offered now"),
    "schedsim": Entry("schedsim_command", "draw the RBED chart of a Barrelfish scheduler scenario"),
    "simulate": Entry("simulate_command", "boot a simulated machine and run a scenario"),
    "experiment": Entry("experiment_commands", "run batches of experiments"),
    "reproduce": Entry("reproduce_command", "show the published results with ours beside them"),
    "serve": Entry("serve_command", "start the HTTP service on this machine"),
    "backup": Entry("backup_command", "write the whole store into one file, or restore it"),
    "prune": Entry("prune_command", "forget the oldest revisions of the store"),
    "demo": Entry("demo_command", "do the whole job once, from machine files to answers over HTTP"),
}
