"""Scheduler manifests: what an application asks of the scheduler (dissertation 3.5.5, Fig 3.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from planner.errors import PlanError
from planner.manifests.phases import Group, Kind, Phase, check_dispatchers
from planner.manifests.text import read_phases, write_phases
from planner.manifests.toml import read_groups, write_groups

__all__ = ["Group", "Kind", "Manifest", "Phase"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """An application's groups. Dispatchers count from 0 through the groups in their order."""

    name: str
    groups: tuple[Group, ...]

    @property
    def phase_count(self) -> int:
        return max(len(group.phases) for group in self.groups)

    @property
    def dispatcher_count(self) -> int:
        return sum(group.dispatchers for group in self.groups)

    @property
    def is_best_effort_only(self) -> bool:
        return not any(phase.is_reserved for group in self.groups for phase in group.phases)

    @property
    def derives_releases(self) -> bool:
        """Whether some phase leaves its release to admission."""
        return any(phase.is_release_derived for group in self.groups for phase in group.phases)

    def first_dispatcher(self, group: Group) -> int:
        """The number of a group's first dispatcher within the application."""
        return sum(other.dispatchers for other in self.groups[: self.groups.index(group)])

    @classmethod
    def from_text(cls, text: str, *, name: str, dispatchers: int = 1) -> "Manifest":
        """Read the dissertation's form: one phase a line, for one group of that many dispatchers.

        Raises PlanError naming the line, what was found there and what would be accepted.

        >>> Manifest.from_text("B 1\\nH 80 160 80 480", name="barrier", dispatchers=16).phase_count
        2
        """
        check_dispatchers(dispatchers, f"manifest {name}")
        return cls(name, (Group("main", dispatchers, read_phases(text, name)),))

    @classmethod
    def from_toml(cls, text: str, *, name: str) -> "Manifest":
        """Read the TOML form: `[[group]]` with `name`, `dispatchers` and `[[group.phase]]` tables."""
        return cls(name, check_phase_counts(read_groups(text, name), name))

    @classmethod
    def parse(cls, text: str, *, name: str, dispatchers: int | None = None) -> "Manifest":
        """Read either form, known by its content; `dispatchers` belongs to the text form alone."""
        if not looks_like_toml(text):
            return cls.from_text(text, name=name, dispatchers=1 if dispatchers is None else dispatchers)
        if dispatchers is not None:
            raise PlanError(
                f"manifest {name}: a TOML manifest says its dispatchers itself; "
                f"leave out the number given beside it, {dispatchers}",
                code="bad_manifest",
                details={"manifest": name, "found": dispatchers},
            )
        return cls.from_toml(text, name=name)

    def to_text(self) -> str:
        """The dissertation's form; for a manifest of one group. Reading it gives an equal manifest."""
        if len(self.groups) != 1:
            raise PlanError(
                f"manifest {self.name} has {len(self.groups)} groups; the text form holds one, TOML holds several",
                code="bad_manifest",
                details={"manifest": self.name, "groups": len(self.groups)},
            )
        return write_phases(self.groups[0].phases)

    def to_toml(self) -> str:
        """The TOML form. Reading it gives an equal manifest."""
        return write_groups(self.groups)


def looks_like_toml(text: str) -> bool:
    return any(line.lstrip().startswith("[") for line in text.splitlines())


def check_phase_counts(groups: tuple[Group, ...], name: str) -> tuple[Group, ...]:
    """Groups change phase together: each has as many phases as the others, or a single one."""
    counts = sorted({len(group.phases) for group in groups if len(group.phases) > 1})
    if len(counts) > 1:
        raise PlanError(
            f"manifest {name}: its groups have {' and '.join(map(str, counts))} phases; "
            "the same number in each, or a single phase that always holds, is accepted",
            code="bad_manifest",
            details={"manifest": name, "found": counts},
        )
    return groups


def check_unique_names(manifests: Iterable[Manifest]) -> None:
    seen: set[str] = set()
    for manifest in manifests:
        if manifest.name in seen:
            raise PlanError(
                f"two manifests are named {manifest.name!r}; each application needs a name of its own",
                code="duplicate_application",
                details={"application": manifest.name},
            )
        seen.add(manifest.name)
