"""Sets of CPUs that the system keeps for a service or control group: systemd units, cpuset files, kernel masks."""

import re
from typing import NoReturn

from planner.binding.binding import Binding, Bound, Memory, Policy, Written, not_expressible, not_understood
from planner.binding.legend import names_in, said, without_comments
from planner.binding.masks import kernel_mask, read_mask
from planner.binding.numbering import Numbering
from planner.cpu_list import format_cpu_list, parse_cpu_list

SYSTEMD = "[Service] with CPUAffinity=0-3 8 or AllowedCPUs=, NUMAPolicy= with NUMAMask=, AllowedMemoryNodes="
CPUSET = "echo 0-3 > PATH/cpuset.cpus, cpuset.cpus = 0-3, --cpuset-cpus=0-3, Cpus_allowed_list: 0-3, or a list alone"
_POLICIES: dict[str, Policy] = {"bind": "bind", "preferred": "preferred", "interleave": "interleave", "local": "local"}
_SET = re.compile(
    r"(?:echo\s+(?P<echo>[0-9,:\s-]+?)\s*>\s*(?P<path>\S*?)cpuset\.(?P<file>cpus|mems)(?:\.effective)?"
    r"|(?P<path2>\S*?)cpuset\.(?P<key>cpus|mems)\s*[=:]\s*(?P<list>[0-9,:\s-]+)"
    r"|(?P<status>Cpus|Mems)_allowed(?P<as_list>_list)?:\s*(?P<value>[0-9a-fA-F,:-]+)"
    r"|(?P<bare>[0-9][0-9,:\s-]*))",
    re.ASCII,
)
_OPTION = re.compile(r"--cpuset-(cpus|mems)[=\s]\"?([0-9,:-]+)\"?", re.ASCII)


def write_systemd(binding: Binding, numbering: Numbering) -> Written:
    """A drop-in of each dispatcher's service, one `[Service]` section after another."""
    return Written("\n\n".join(_drop_in(bound, numbering) for bound in binding.members), "os")


def _drop_in(bound: Bound, numbering: Numbering) -> str:
    lines = [
        f"# {said(bound, numbering)}",
        f"# /etc/systemd/system/{_file_name(bound.name)}.service.d/cpus.conf",
        "[Service]",
        f"CPUAffinity={format_cpu_list(numbering.os_indices(bound.cores))}",
    ]
    if bound.memory is not None:
        lines.append(f"NUMAPolicy={bound.memory.policy}")
    if bound.memory is not None and bound.memory.nodes:
        lines.append(f"NUMAMask={format_cpu_list(numbering.os_of_nodes(bound.memory.nodes))}")
    return "\n".join(lines)


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".-") or "_"


def read_systemd(text: str, numbering: Numbering) -> Binding:
    """A member for each section; settings before any section are one."""
    sections: list[dict[str, str]] = []
    for line in without_comments(re.sub(r"(?m)^\s*;.*$", "", text)):
        if line.startswith("["):
            sections.append({})
            continue
        key, equals, value = line.partition("=")
        if not equals:
            _refuse("systemd", line, "a setting is expected", SYSTEMD)
        sections = sections or [{}]
        _set(sections[-1], key.strip(), value.strip())
    found = [section for section in sections if section]
    names = names_in(text, len(found))
    if not found:
        _refuse("systemd", text.strip(), "nothing is set", SYSTEMD)
    return Binding(tuple(_unit(name, section, numbering) for name, section in zip(names, found, strict=True)))


def _set(section: dict[str, str], key: str, value: str) -> None:
    """Lists merge from line to line, and an empty value resets them, as systemd has it."""
    is_list = key in ("CPUAffinity", "AllowedCPUs", "AllowedMemoryNodes", "NUMAMask")
    if not is_list and key != "NUMAPolicy":
        _refuse("systemd", key, "it is a setting that binds no CPUs", SYSTEMD)
    if not value:
        section.pop(key, None)
    else:
        section[key] = f"{section[key]} {value}" if is_list and key in section else value


def _unit(name: str, section: dict[str, str], numbering: Numbering) -> Bound:
    sets = {numbering.at_os(_spaced(section[key], "systemd"), "systemd") for key in _CPU_KEYS if key in section}
    if len(sets) != 1:
        _refuse("systemd", str(section), "it binds no CPUs, or CPUAffinity and AllowedCPUs differ", SYSTEMD)
    return Bound(name, tuple(sorted(sets.pop())), _unit_memory(section, numbering))


_CPU_KEYS = ("CPUAffinity", "AllowedCPUs")


def _unit_memory(section: dict[str, str], numbering: Numbering) -> Memory | None:
    policy = section.get("NUMAPolicy", "default")
    allowed = section.get("AllowedMemoryNodes")
    if policy == "default" and allowed is None:
        return None
    if policy == "default":
        return Memory("bind", numbering.nodes_at_os(_spaced(allowed or "", "systemd"), "systemd"))
    if policy not in _POLICIES or allowed is not None or ("NUMAMask" in section) == (policy == "local"):
        _refuse("systemd", str(section), "NUMAPolicy and NUMAMask, or AllowedMemoryNodes, are expected", SYSTEMD)
    if policy == "local":
        return Memory("local")
    return Memory(_POLICIES[policy], numbering.nodes_at_os(_spaced(section["NUMAMask"], "systemd"), "systemd"))


def write_cpuset(binding: Binding, numbering: Numbering) -> Written:
    """Shell lines for cgroup version 2, a group for each dispatcher below the present directory's group."""
    lines = []
    for bound in binding.members:
        folder = _file_name(bound.name)
        cpus = format_cpu_list(numbering.os_indices(bound.cores))
        lines.append(f"echo {cpus} > {folder}/cpuset.cpus  # {said(bound, numbering)}")
        if bound.memory is not None and bound.memory.policy != "bind":
            reason = f"the memory policy {bound.memory.policy} is a process's own"
            raise not_expressible("cpuset", bound.name, reason, "memory bound to nodes")
        if bound.memory is not None:
            lines.append(f"echo {format_cpu_list(numbering.os_of_nodes(bound.memory.nodes))} > {folder}/cpuset.mems")
    if len({_file_name(bound.name) for bound in binding.members}) < len(binding.members):
        raise not_expressible("cpuset", binding.members[0].name, "two names make one folder", "plain names")
    note = "run in the parent group's folder under /sys/fs/cgroup, with +cpuset in its cgroup.subtree_control"
    return Written("\n".join(lines), "os", (note,))


def write_kernel_mask(binding: Binding, numbering: Numbering) -> Written:
    """A line for each: the mask as /proc/irq/N/smp_affinity and /proc/PID/status show it."""
    lines = (
        f"{kernel_mask(numbering.os_indices(bound.cores))}  # {said(bound, numbering)}" for bound in binding.members
    )
    return Written("\n".join(lines), "os")


def read_kernel_mask(text: str, numbering: Numbering) -> Binding:
    found = [numbering.at_os(read_mask(line, "kernel-mask"), "kernel-mask") for line in without_comments(text)]
    if not found or not all(found):
        _refuse("kernel-mask", text.strip(), "a mask has no bit", "a mask with at least one bit in each line")
    names = names_in(text, len(found))
    return Binding(tuple(Bound(name, tuple(sorted(one))) for name, one in zip(names, found, strict=True)))


def read_cpuset(text: str, numbering: Numbering) -> Binding:
    """A member for each group, by its path; without paths one for each list of CPUs."""
    groups: dict[str, dict[str, str]] = {}
    for at, line in enumerate(without_comments(text)):
        options = dict(_OPTION.findall(line))
        if options:
            groups[f"line {at}"] = {kind: f"list {value}" for kind, value in options.items()}
            continue
        match = _SET.fullmatch(line)
        if match is None:
            _refuse("cpuset", line, "no set of CPUs is seen", CPUSET)
        path, kind, value = _setting(match, at)
        own = groups.setdefault(path, {})
        if kind in own:
            _refuse("cpuset", line, f"{kind} of the group is set twice", CPUSET)
        own[kind] = value
    names = names_in(text, len(groups))
    return Binding(tuple(_group(name, own, numbering) for name, own in zip(names, groups.values(), strict=True)))


def _setting(match: re.Match[str], at: int) -> tuple[str, str, str]:
    """Path, `cpus` or `mems`, and the value with its form in front."""
    if match["echo"]:
        return match["path"], match["file"], f"list {match['echo']}"
    if match["list"]:
        return match["path2"], match["key"], f"list {match['list']}"
    if match["value"]:
        form = "list" if match["as_list"] else "mask"
        return "status", match["status"].lower(), f"{form} {match['value']}"
    return f"line {at}", "cpus", f"list {match['bare']}"


def _group(name: str, own: dict[str, str], numbering: Numbering) -> Bound:
    if "cpus" not in own:
        _refuse("cpuset", str(own), "a group has no CPUs of its own", CPUSET)
    cores = numbering.at_os(_formed(own["cpus"]), "cpuset")
    memory = Memory("bind", numbering.nodes_at_os(_formed(own["mems"]), "cpuset")) if "mems" in own else None
    return Bound(name, tuple(sorted(cores)), memory)


def _formed(value: str) -> tuple[int, ...]:
    form, _, text = value.partition(" ")
    return read_mask(text, "cpuset") if form == "mask" else _spaced(text, "cpuset")


def _spaced(text: str, where: str) -> tuple[int, ...]:
    return parse_cpu_list(",".join(text.replace(",", " ").split()), where)


def _refuse(notation: str, found: str, reason: str, accepted: str) -> NoReturn:
    raise not_understood(notation, found, reason, accepted)
