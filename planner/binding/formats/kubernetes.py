"""A Kubernetes pod with a container for each dispatcher; it asks for whole CPUs and cannot say which."""

import json
import re

from planner.binding.binding import Binding, Bound, Written
from planner.binding.legend import said
from planner.binding.numbering import Numbering

WHY_NOT = "a pod asks for a number of CPUs, and the kubelet chooses which"
PLACEHOLDER_BYTES = 128 * 1024 * 1024
_NOTES = (
    "guaranteed, with the kubelet's cpu-manager-policy static: the class Guaranteed (requests equal limits), so many "
    "whole CPUs for each container, and no other pod on them",
    "guaranteed, with topology-manager-policy single-numa-node besides: the CPUs of a container (of the pod, with "
    "scope pod) are of one NUMA node, or the pod is rejected with TopologyAffinityError",
    "not guaranteed: which CPUs, their order, a shared cache, and the cost that was worked out for this placement; "
    "the annotation only records what was meant",
    "with full-pcpus-only a container that asks for a part of a core's threads is rejected (SMTAlignmentError)",
)


def write_kubernetes(binding: Binding, numbering: Numbering) -> Written:
    """The manifest of the pod; what it does and does not guarantee stands in comments at its top."""
    meant = {bound.name: list(bound.cores) for bound in binding.members}
    head = [*(f"# {note}" for note in _NOTES), "apiVersion: v1", "kind: Pod", "metadata:", "  name: placement"]
    head += ["  annotations:", f"    skb-cores: {json.dumps(json.dumps(meant))}", "spec:", "  containers:"]
    names = _container_names(binding)
    body = [
        line for bound, name in zip(binding.members, names, strict=True) for line in _container(bound, name, numbering)
    ]
    return Written("\n".join(head + body), "none", _NOTES)


def _container(bound: Bound, name: str, numbering: Numbering) -> list[str]:
    asked = bound.memory_bytes or PLACEHOLDER_BYTES
    why = "" if bound.memory_bytes else "  # a placeholder: the class Guaranteed needs a limit, put your own"
    amount = f'{{cpu: "{len(bound.cores)}", memory: "{asked}"}}'
    return [
        f"  - name: {name}  # {said(bound, numbering)}",
        "    image: IMAGE",
        "    resources:",
        f"      requests: {amount}{why}",
        f"      limits: {amount}",
    ]


def _container_names(binding: Binding) -> list[str]:
    """DNS labels; numbered where two names come out alike or nothing of a name is left."""
    plain = [re.sub(r"[^a-z0-9]+", "-", bound.name.lower()).strip("-")[:50] for bound in binding.members]
    return [
        name if name and plain.count(name) == 1 else f"{name or 'dispatcher'}-n{at}" for at, name in enumerate(plain)
    ]
