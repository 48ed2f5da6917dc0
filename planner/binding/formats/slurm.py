"""Slurm's `srun --cpu-bind` and `--mem-bind` for the tasks of one node; CPUs and NUMA nodes by OS index."""

import re
from collections.abc import Callable
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Memory, Written, not_expressible, not_understood
from planner.binding.legend import legend, names_in, shell_words, without_comments
from planner.binding.masks import plain_mask, read_mask
from planner.binding.numbering import Numbering

ACCEPTED = "srun --ntasks=2 --cpu-bind=map_cpu:0,8 or --cpu-bind=mask_cpu:0x3,0xc*2"
MOST_TASKS = 65_536
_LONG_WITH_VALUE = ("--ntasks", "--cpu-bind", "--mem-bind")
_ITEM = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9a-fA-F]+)(?:\*(\d{1,6}))?", re.ASCII)
_NOTES = ("Slurm honours explicit bindings only where the step has every CPU of the node (--exclusive)",)


def write_slurm(binding: Binding, numbering: Numbering) -> Written:
    """`map_cpu` where every task has one CPU, else `mask_cpu`."""
    cpus = [numbering.os_indices(bound.cores) for bound in binding.members]
    if all(len(one) == 1 for one in cpus):
        words = f"map_cpu:{','.join(str(one[0]) for one in cpus)}"
    else:
        words = f"mask_cpu:{','.join(plain_mask(one) for one in cpus)}"
    command = f"srun --nodes=1 --ntasks={len(cpus)} --cpu-bind=verbose,{words}"
    return Written(legend(binding, numbering) + command + _memory_words(binding, numbering), "os", _NOTES)


def _memory_words(binding: Binding, numbering: Numbering) -> str:
    memories = {bound.memory for bound in binding.members}
    if memories == {None}:
        return ""
    if memories == {Memory("local")}:
        return " --mem-bind=local"
    nodes = []
    for bound in binding.members:
        if bound.memory is None or bound.memory.policy != "bind":
            reason = "its memory is not bound to nodes as that of the others is"
            raise not_expressible("slurm", bound.name, reason, "one memory policy for all tasks")
        nodes.append(numbering.os_of_nodes(bound.memory.nodes))
    if all(len(one) == 1 for one in nodes):
        return f" --mem-bind=map_mem:{','.join(str(one[0]) for one in nodes)}"
    return f" --mem-bind=mask_mem:{','.join(plain_mask(one) for one in nodes)}"


def read_slurm(text: str, numbering: Numbering) -> Binding:
    """Tasks in order; a list shorter than `--ntasks` starts again, as Slurm has it."""
    options = _options(text)
    if "cpu-bind" not in options:
        _refuse(text.strip(), "no --cpu-bind is given")
    words = _split(options["cpu-bind"])
    if words[0] not in ("map_cpu", "mask_cpu"):
        _refuse(options["cpu-bind"], f"{words[0]!r} leaves the choice of CPUs to Slurm")
    sets = _sets(words[0] == "mask_cpu", words[1], options["cpu-bind"])
    count = _count(options.get("ntasks"), len(sets))
    memory = _memory(options.get("mem-bind"), count, numbering)
    names = names_in(text, count)
    cores = [tuple(sorted(set(numbering.at_os(one, "slurm")))) for one in sets]
    return Binding(tuple(Bound(names[at], cores[at % len(cores)], memory[at]) for at in range(count)))


def _options(text: str) -> dict[str, str]:
    words = shell_words(" ".join(without_comments(text)), "slurm")
    if not words or words[0].rpartition("/")[2] != "srun":
        _refuse(text.strip(), "it does not begin with srun")
    found: dict[str, str] = {}
    at = 1
    while at < len(words) and words[at].startswith("-"):
        name, has_value, value = words[at].partition("=")
        takes_next = not has_value and (name[:2] != "--" or name.replace("_", "-") in _LONG_WITH_VALUE)
        if len(name) > 2 and name[1] != "-":
            name, value = name[:2], name[2:]
        elif takes_next and at + 1 < len(words) and not words[at + 1].startswith("-"):
            at, value = at + 1, words[at + 1]
        name = {"-n": "ntasks"}.get(name, name.lstrip("-").replace("_", "-"))
        if name in found:
            _refuse(text.strip(), f"--{name} is given twice")
        found[name] = value
        at += 1
    return found


def _split(value: str) -> tuple[str, str]:
    """The type and its list, `verbose` and `quiet` left out."""
    bare = re.sub(r"^(?:v|verbose|q|quiet),", "", value)
    kind, _, listed = bare.partition(":")
    return kind, listed


def _sets(is_mask: bool, listed: str, value: str) -> list[tuple[int, ...]]:
    read: Callable[[str], tuple[int, ...]] = (lambda text: read_mask(text, "slurm")) if is_mask else _number
    sets: list[tuple[int, ...]] = []
    for item in listed.split(","):
        match = _ITEM.fullmatch(item)
        if match is None or not (found := read(match[1])):
            _refuse(value, f"{item[:40]!r} names no CPU")
        if len(sets) + int(match[2] or 1) > MOST_TASKS:
            _refuse(value, f"more than {MOST_TASKS} tasks")
        sets += [found] * int(match[2] or 1)
    return sets or _refuse(value, "the list is empty")


def _number(text: str) -> tuple[int, ...]:
    is_hex = text[:2] in ("0x", "0X")
    if len(text) > 12 or not (is_hex or text.isdecimal()):
        _refuse(text, "it is no CPU id")
    return (int(text, 16 if is_hex else 10),)


def _count(ntasks: str | None, given: int) -> int:
    if ntasks is None:
        return given
    if not (ntasks.isdecimal() and len(ntasks) < 7 and 0 < int(ntasks) <= MOST_TASKS):
        _refuse(f"--ntasks={ntasks}", f"1 to {MOST_TASKS} tasks are expected")
    return int(ntasks)


def _memory(value: str | None, count: int, numbering: Numbering) -> list[Memory | None]:
    if value is None:
        return [None] * count
    kind, listed = _split(value)
    if kind in ("local", "none", "no"):
        return [Memory("local") if kind == "local" else None] * count
    if kind not in ("map_mem", "mask_mem"):
        _refuse(value, f"the memory binding {kind!r} is not understood")
    sets = _sets(kind == "mask_mem", listed, value)
    nodes = [numbering.nodes_at_os(one, "slurm") for one in sets]
    return [Memory("bind", nodes[at % len(nodes)]) for at in range(count)]


def _refuse(found: str, reason: str) -> NoReturn:
    raise not_understood("slurm", found, reason, ACCEPTED)
