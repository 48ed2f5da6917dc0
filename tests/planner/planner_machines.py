"""Small machines for the planner's tests, as a snapshot of the knowledge base would show them."""

from dataclasses import dataclass, field


@dataclass
class Snapshot:
    """Stands for a snapshot: the relations given, one origin for all but those in `origins`."""

    relations: dict[str, list[tuple]]
    machine: str = "m"
    revision: int = 1
    origin: tuple[str, str] = ("static", "printed: test")
    origins: dict[tuple, tuple[str, str]] = field(default_factory=dict)

    def rows(self, name: str, arity: int) -> tuple[tuple, ...]:
        return tuple(row for row in self.relations.get(name, []) if len(row) == arity)

    def source_of(self, relation: str, args: tuple) -> tuple[str, str]:
        return self.origins.get((relation, args), self.origin)


def opteron(packages: int = 4, cores: int = 4) -> Snapshot:
    """Packages of cores that share an L3 and a node, with the round trips of the 4x4 AMD."""
    ids = range(packages * cores)
    package = {core: core // cores for core in ids}
    hops = {(p, q): 0 if p == q else 2 if abs(p - q) == 2 else 1 for p in range(packages) for q in range(packages)}
    cycles = {0: 896, 1: 1090, 2: 1116}
    return Snapshot(
        {
            "core": [(core, package[core]) for core in ids],
            "pu": [(core, core + 100, "unknown") for core in ids],
            "physical_core": [(core, core) for core in ids],
            "core_node": [(core, package[core]) for core in ids],
            "clock_hz": [(core, 2_500_000_000) for core in ids],
            "isa": [(core, "x86_64") for core in ids],
            "cache": [(package[core], core, 3, "unified", 6291456, 64) for core in ids],
            "numa_node": [(p, p, 4 * 2**30) for p in range(packages)],
            "package_hops": [(p, q, hop) for (p, q), hop in hops.items()],
            "message_rtt": [(a, b, cycles[hops[package[a], package[b]]], 0, 0, 0) for a in ids for b in ids if a != b],
            "message_throughput": [(a, b, 3570) for a in ids for b in ids if a != b],
            "cost": [
                ("context_switch", 4000, "ns"),
                ("trap", 800, "cycles"),
                ("send_share_ppm", 190000, "ppm"),
            ],
        },
        machine="amd-4x4",
    )


def flat(cores: int) -> Snapshot:
    """Cores of one package, nothing stated about messages."""
    return Snapshot({"core": [(core, 0) for core in range(cores)]}, machine="flat")
