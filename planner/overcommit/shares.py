"""Who gives way first, and what he keeps: an administrator's policy, given as rules over what is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planner.admission.requests import Team, teams_of
from planner.errors import PlanError
from planner.manifests.manifest import Manifest
from skb.asking import ask
from skb.errors import SkbError
from skb.notation.printing import write_fact
from skb.query.answer import Limits
from skb.snapshot import Snapshot

WHOLE_PPM = 1_000_000
GOALS = {
    "keeps_ppm": "keeps_ppm(Application, Ppm): exactly that part of each WCET",
    "keeps_at_least_ppm": "keeps_at_least_ppm(Application, Ppm): no less than that",
    "gives_way": "gives_way(Application, Level): lower levels are reduced first, whoever has none last",
}
LIMITS = Limits(time_ms=10_000)


@dataclass(frozen=True, slots=True)
class Shares:
    """By application, parts per million of each WCET: exactly so much, at least so much; and who gives way when.

    Without any rule all applications are of one level and may lose everything but the last nanosecond.
    """

    exactly: Mapping[str, int] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)
    level: Mapping[str, int] = field(default_factory=dict)

    def levels(self, names: Sequence[str]) -> list[list[str]]:
        """Applications by level, lowest first; those that rules fix are in none."""
        free = [name for name in names if name not in self.exactly]
        stated = sorted({self.level[name] for name in free if name in self.level})
        groups = [[name for name in free if self.level.get(name) == level] for level in stated]
        rest = [name for name in free if name not in self.level]
        return [*groups, rest] if rest else groups

    def kept(self, name: str, factor_ppm: int) -> int:
        return self.exactly.get(name, max(factor_ppm, self.at_least.get(name, 0)))


EQUAL = Shares()


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy's text in the query language, with the name by which messages speak of it.

    It may use every fact and rule of `machine`, and of this request `application(A)`, `dispatchers(A, N)`,
    `running(A)`, `asking(A)`, and `asks_ppm(A, Phase, Ppm)` over all of A's cores.
    """

    text: str
    source: str = "rules"
    machine: Snapshot | None = None

    def shares(self, manifests: Sequence[Manifest], running: Mapping[str, int]) -> Shares:
        """What the rules say of these applications. Raises PlanError for rules that cannot be asked or say nothing."""
        known = self.machine if self.machine is not None else Snapshot.of_statements([], machine="none")
        program = f"{self.text}\n{_request(manifests, running)}"
        names = [manifest.name for manifest in manifests]
        found = {goal: self._values(known, program, goal, names) for goal in GOALS if f"{goal}(" in self.text}
        if not found:
            raise self._refusal(f"none of {', '.join(GOALS)} occurs", "; ".join(GOALS.values()))
        return Shares(found.get("keeps_ppm", {}), found.get("keeps_at_least_ppm", {}), found.get("gives_way", {}))

    def _values(self, snapshot: Snapshot, program: str, goal: str, names: Sequence[str]) -> dict[str, int]:
        try:
            answer = ask(snapshot, f"{goal}(Application, Value)", rules=program, limits=LIMITS)
        except SkbError as error:
            raise self._refusal(str(error), "rules in the query language") from error
        if answer.status != "complete":
            raise self._refusal(f"{goal} was not answered ({answer.status})", "rules that end")
        found: dict[str, int] = {}
        for name, value in ((str(row[0]), row[1]) for row in answer.rows):
            if name not in names:
                continue
            if not isinstance(value, int) or (goal != "gives_way" and not 0 <= value <= WHOLE_PPM):
                accepted = "a whole number" if goal == "gives_way" else f"a whole number from 0 to {WHOLE_PPM}"
                raise self._refusal(f"{goal}({name}, {value})", accepted)
            if found.setdefault(name, value) != value:
                raise self._refusal(f"{goal} has both {found[name]} and {value} for {name}", "one value each")
        return found

    def _refusal(self, found: str, accepted: str) -> PlanError:
        return PlanError(
            f"the policy {self.source}: {found}; accepted: {accepted}",
            code="bad_policy",
            details={"policy": self.source, "found": found, "accepted": accepted},
        )


def _request(manifests: Sequence[Manifest], running: Mapping[str, int]) -> str:
    facts: list[tuple[str, tuple[str | int, ...]]] = []
    teams = teams_of(manifests)
    for manifest in manifests:
        name = manifest.name
        facts += [("application", (name,)), ("dispatchers", (name, manifest.dispatcher_count))]
        facts.append(("running" if name in running else "asking", (name,)))
        own = [team for team in teams if team.application == name]
        facts += [("asks_ppm", (name, phase, _asked_ppm(own, phase))) for phase in range(manifest.phase_count)]
    written = [f"{write_fact(relation, args)}." for relation, args in facts]
    return "\n".join([*written, *(f"{relation}(A) :- application(A), 1 = 2." for relation in ("running", "asking"))])


def _asked_ppm(teams: Sequence[Team], phase: int) -> int:
    return sum(team.share_ppm(phase) * team.count for team in teams)
