"""The commands taskset and numactl, one line for each process; CPUs and NUMA nodes by OS index."""

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Memory, Policy, Written, not_understood
from planner.binding.legend import names_in, said, shell_words, without_comments
from planner.binding.masks import plain_mask, read_mask
from planner.binding.numbering import Numbering
from planner.cpu_list import format_cpu_list, parse_cpu_list

TASKSET = "taskset -c 0-3 COMMAND or taskset 0xf COMMAND, one a line"
NUMACTL = "numactl --physcpubind=0-3 --membind=0 COMMAND, one a line"

_MEMORY_OPTIONS: dict[str, Policy] = {
    "-m": "bind",
    "--membind": "bind",
    "-p": "preferred",
    "--preferred": "preferred",
    "-i": "interleave",
    "--interleave": "interleave",
    "-l": "local",
    "--localalloc": "local",
}
_WORDS: dict[Policy, str] = {"bind": "--membind", "preferred": "--preferred", "interleave": "--interleave"}


def read_lines(text: str, numbering: Numbering, notation: str, read: Callable[[list[str]], Bound]) -> Binding:
    """A binding of one member for each command line; `read` gets its words."""
    found = []
    for line in without_comments(text):
        found.append(read(shell_words(line, notation)))
    names = names_in(text, len(found))
    return Binding(
        tuple(Bound(name, one.cores, one.memory) for name, one in zip(names, found, strict=True)),
    )


def write_taskset(binding: Binding, numbering: Numbering) -> Written:
    lines = (
        f"taskset -c {format_cpu_list(numbering.os_indices(bound.cores))}  # {said(bound, numbering)}"
        for bound in binding.members
    )
    return Written("\n".join(lines), "os")


def write_taskset_mask(binding: Binding, numbering: Numbering) -> Written:
    lines = (
        f"taskset {plain_mask(numbering.os_indices(bound.cores))}  # {said(bound, numbering)}"
        for bound in binding.members
    )
    return Written("\n".join(lines), "os")


def read_taskset(text: str, numbering: Numbering) -> Binding:
    """`taskset [-a] [-c] [-p] MASK-OR-LIST ...` in each line; short options may stand together."""
    return read_lines(text, numbering, "taskset", lambda words: _taskset(words, numbering))


def _taskset(words: list[str], numbering: Numbering) -> Bound:
    line = " ".join(words)
    options, rest = _split_options(words, "taskset")
    letters = {"--all-tasks": "a", "--cpu-list": "c", "--pid": "p"}
    given = "".join(letters.get(option, option[1:] if option[:2] != "--" else "?") for option in options)
    if set(given) - set("acp"):
        raise not_understood("taskset", line, f"{options[-1]!r} is an unknown option", TASKSET)
    if not rest or ("p" in given and len(rest) < 2):
        raise not_understood("taskset", line, "no mask or list is given", TASKSET)
    numbers = parse_cpu_list(rest[0], "taskset -c") if "c" in given else read_mask(rest[0], "taskset")
    return Bound("", _some(numbering.at_os(numbers, "taskset"), "taskset", line))


def _split_options(words: Sequence[str], command: str) -> tuple[list[str], list[str]]:
    """The options before the first other word, and the words from there on."""
    if not words or words[0].rpartition("/")[2] != command:
        found = words[0] if words else ""
        raise not_understood(command, " ".join(words), f"the command is {found!r}", f"{command} at the line's begin")
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        at += 1
    rest = at + 1 if at < len(words) and words[at] == "--" else at
    return list(words[1:at]), list(words[rest:])


def write_numactl(binding: Binding, numbering: Numbering) -> Written:
    return Written("\n".join(_numactl_line(bound, numbering) for bound in binding.members), "os")


def _numactl_line(bound: Bound, numbering: Numbering) -> str:
    words = ["numactl", f"--physcpubind={format_cpu_list(numbering.os_indices(bound.cores))}"]
    if bound.memory is not None and bound.memory.policy == "local":
        words.append("--localalloc")
    elif bound.memory is not None:
        nodes = format_cpu_list(numbering.os_of_nodes(bound.memory.nodes))
        words.append(f"{_WORDS[bound.memory.policy]}={nodes}")
    return f"{' '.join(words)}  # {said(bound, numbering)}"


def read_numactl(text: str, numbering: Numbering) -> Binding:
    """`--physcpubind` or `--cpunodebind` with a memory policy in each line; `all` and `!` are understood."""
    return read_lines(text, numbering, "numactl", lambda words: _Numactl(words, numbering).read())


class _Numactl:
    """One command line of numactl, read from left to right."""

    def __init__(self, words: list[str], numbering: Numbering) -> None:
        self.line, self.words, self.numbering = " ".join(words), words, numbering
        self.cores: tuple[int, ...] | None = None
        self.memory: Memory | None = None

    def read(self) -> Bound:
        if not self.words or self.words[0].rpartition("/")[2] != "numactl":
            self.refuse(f"the command is {self.words[0] if self.words else ''!r}")
        at = 1
        while at < len(self.words) and self.words[at].startswith("-") and self.words[at] != "--":
            at += self.option(at)
        if self.cores is None:
            self.refuse("no CPUs are bound")
        return Bound("", _some(self.cores or (), "numactl", self.line), self.memory)

    def option(self, at: int) -> int:
        """Take the option there; how many words it is."""
        name, has_value, value = self.words[at].partition("=")
        if len(name) > 2 and name[1] != "-":
            self.take(name[:2], self.words[at][2:])
            return 1
        if name in ("-l", "--localalloc"):
            self.set_memory(Memory("local"))
            return 1
        if name in ("-a", "--all") and not has_value:
            return 1
        if not has_value and at + 1 == len(self.words):
            self.refuse(f"{name!r} has no value")
        self.take(name, value if has_value else self.words[at + 1])
        return 1 if has_value else 2

    def take(self, name: str, value: str) -> None:
        if name in ("-C", "--physcpubind"):
            known = self.numbering.os_indices(self.numbering.cores)
            self.set_cores(self.numbering.at_os(self.numbers(value, known), "numactl"))
        elif name in ("-N", "--cpunodebind"):
            nodes = self.nodes(value)
            self.set_cores(tuple(core for node in nodes for core in self.numbering.nodes.get(node, ())))
        elif name in _MEMORY_OPTIONS:
            nodes = self.nodes(value)
            if name in ("-p", "--preferred") and len(nodes) != 1:
                self.refuse(f"{value!r} prefers {len(nodes)} nodes, not one")
            self.set_memory(Memory(_MEMORY_OPTIONS[name], nodes))
        else:
            self.refuse(f"{name!r} is an option that is not understood")

    def set_cores(self, cores: tuple[int, ...]) -> None:
        if self.cores is not None:
            self.refuse("CPUs are bound twice")
        self.cores = tuple(sorted(set(cores)))

    def set_memory(self, memory: Memory) -> None:
        if self.memory is not None:
            self.refuse("memory is bound twice")
        self.memory = memory

    def nodes(self, value: str) -> tuple[int, ...]:
        os_indices = self.numbers(value, self.numbering.node_os_index.values())
        return self.numbering.nodes_at_os(os_indices, "numactl")

    def numbers(self, value: str, known: Iterable[int]) -> set[int]:
        everything = set(known)
        inverted, bare = value.startswith("!"), value.removeprefix("!")
        if "+" in bare or ":" in bare:
            self.refuse(f"{value!r} counts within the caller's cpuset, or names a device, which no machine file says")
        named = everything if bare == "all" else set(parse_cpu_list(bare, "numactl"))
        return everything - named if inverted else named

    def refuse(self, reason: str) -> NoReturn:
        raise not_understood("numactl", self.line, reason, NUMACTL)


def _some(cores: Sequence[int], notation: str, line: str) -> tuple[int, ...]:
    if not cores:
        raise not_understood(notation, line, "no CPU is in the set", "a set of at least one CPU")
    return tuple(sorted(set(cores)))
