"""Prints every figure: `python -m bench [NAME...]`."""

import sys

from bench.admission import admissions
from bench.agreement import events_of_messages, many_cores
from bench.assignments import mapping, planted, qaplib
from bench.constrained import constrained
from bench.loading import load_text
from bench.partitioned_edf import partitioned_edf
from bench.placement import conflict, large_placements, placements
from bench.predicted import predictions
from bench.proofs import proofs
from bench.queries import queries_on_48_cores, queries_on_1024_cores
from bench.readers import hwloc_files
from bench.simulation import contended_run
from bench.simulation import many_cores as gangs_of_1024
from bench.startup import help_text, import_kernelsim, topology
from bench.trees import huge_tree, small_trees, trees
from bench.workers import worker_fresh, worker_there

FIGURES = {
    "admission": admissions,
    "agreement": events_of_messages,
    "agreement-1024": many_cores,
    "import-kernelsim": import_kernelsim,
    "skb-help": help_text,
    "topology": topology,
    "worker": worker_there,
    "worker-fresh": worker_fresh,
    "rep-13": contended_run,
    "gangs-1024": gangs_of_1024,
    "partitioned-edf": partitioned_edf,
    "hwloc-files": hwloc_files,
    "load-text": load_text,
    "conflict": conflict,
    "constraints": constrained,
    "mapping": mapping,
    "planted": planted,
    "proofs": proofs,
    "qaplib": qaplib,
    "placement": placements,
    "predicted": predictions,
    "placement-large": large_placements,
    "queries-48": queries_on_48_cores,
    "queries-1024": queries_on_1024_cores,
    "trees": trees,
    "trees-small": small_trees,
    "trees-1024": huge_tree,
}


def main() -> int:
    """Run the figures named, all without names; exit 2 for an unknown one."""
    names = sys.argv[1:] or list(FIGURES)
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        print(f"no figure {', '.join(unknown)}; accepted: {', '.join(FIGURES)}", file=sys.stderr)
        return 2
    for name in names:
        print(FIGURES[name](), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
