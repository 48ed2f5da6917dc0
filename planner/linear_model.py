"""Linear constraint problems as the planner builds them, handed to the knowledge base's solver as plain data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from skb.solving.constraints import Domain, Linear, Objective, Posted, Problem, Reified
from skb.solving.solver import Solution, solve

Term = tuple[int, str]
"""Factor and variable."""


@dataclass(slots=True)
class LinearModel:
    """Integer variables with linear constraints; grows until it is solved, and further after that."""

    variables: dict[str, Domain] = field(default_factory=dict)
    constraints: list[Posted] = field(default_factory=list)

    def integer(self, low: int, high: int) -> str:
        """A new variable with these bounds, both included."""
        name = f"x{len(self.variables)}"
        self.variables[name] = Domain.of_range(low, high)
        return name

    def flag(self) -> str:
        """A new variable that is 0 or 1."""
        return self.integer(0, 1)

    def require(self, terms: Iterable[Term], operator: str, constant: int) -> None:
        """sum of factor x variable, compared with the constant; equal variables are added up."""
        self.constraints.append(Posted(Linear(_added_up(terms), operator, constant)))

    def indicates(self, terms: Iterable[Term], operator: str, constant: int) -> str:
        """A new flag that is 1 exactly where the comparison holds."""
        name = self.flag()
        self.constraints.append(Posted(Reified(name, Linear(_added_up(terms), operator, constant))))
        return name

    def any_of(self, true: Iterable[str], false: Iterable[str] = ()) -> None:
        """At least one flag of `true` is 1 or one of `false` is 0."""
        negative = list(false)
        terms = (*[(1, name) for name in true], *[(-1, name) for name in negative])
        self.constraints.append(Posted(Linear(terms, ">=", 1 - len(negative))))

    def solve(
        self,
        *,
        seed: int,
        work_limit: float,
        time_limit: float | None = None,
        minimise: Iterable[Term] | None = None,
        hint: Mapping[str, int] | None = None,
    ) -> Solution:
        """`work_limit` is in CP-SAT's deterministic seconds, so the answer repeats; `time_limit` is in real ones."""
        objective = None if minimise is None else Objective(_added_up(minimise))
        return solve(
            Problem(dict(self.variables), tuple(self.constraints), objective),
            time_limit_s=None if time_limit is None else max(0.01, time_limit),
            deterministic_limit=work_limit,
            seed=seed,
            workers=1,
            hint=hint,
            explains=False,
        )


def _added_up(terms: Iterable[Term]) -> tuple[Term, ...]:
    given = tuple(terms)
    factors: dict[str, int] = {}
    for factor, name in given:
        factors[name] = factors.get(name, 0) + factor
    if len(factors) == len(given) and all(factors.values()):
        return given
    return tuple((factor, name) for name, factor in factors.items() if factor)
