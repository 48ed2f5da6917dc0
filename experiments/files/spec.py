"""SPEC.toml: a batch of runs, in which every list is an axis."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from experiments.files import scenario as scenario_file
from experiments.files.application import RUN_KEYS, TABLE_KEYS
from experiments.files.fields import Fields, Source
from experiments.files.scenario import open_scenario, read_scenario

Values = Mapping[str, Any]
"""One value for each axis."""

PLURALS = {"machines": "machine", "applications": "application", "placements": "placement"}
PLURALS |= {"schedulers": "scheduler", "seeds": "seed"}
APPLICATION_AXES = tuple(key for key in RUN_KEYS if key not in TABLE_KEYS)
SCENARIO_AXES = tuple(key for key in scenario_file.KEYS if key not in scenario_file.TABLES)
SPANS = ("timer_offset_ms", "clock_skew_us", "response_delay_us")
BELIEF_AXES = ("package", "factor")
ALWAYS = ("machine", "application", "placement", "scheduler", "seed")
ORDER = tuple(dict.fromkeys((*ALWAYS, *APPLICATION_AXES, *SCENARIO_AXES, *BELIEF_AXES, "repeat")))
MOST_RUNS = 100_000


@dataclass(frozen=True, slots=True)
class Spec:
    """A batch as written. `axes` are in the order of the columns; `company` runs beside the application in every run.

    `is_belief` marks the closed loop of a wrong belief (a `[belief]` table), whose runs give two rows each.
    """

    source: Source
    axes: Mapping[str, tuple[Any, ...]]
    company: tuple[Mapping[str, Any], ...]
    phase_changes: tuple[Mapping[str, Any], ...]
    is_belief: bool

    @property
    def size(self) -> int:
        """How many runs there are."""
        total = 1
        for values in self.axes.values():
            total *= len(values)
        return total

    def runs(self) -> Iterator[Values]:
        """Every combination, the last axis fastest."""
        for values in product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def scenario(self, values: Values) -> Fields:
        """The keys of SCENARIO.toml for one run, with the lines that they have in the batch."""
        own = {key: values[key] for key in APPLICATION_AXES if values.get(key) not in (None, "")}
        document: dict[str, Any] = {key: values[key] for key in SCENARIO_AXES if key in values}
        document["seed"] = run_seed(values)
        application = values["application"]
        first = {**application, **own} if isinstance(application, Mapping) else {"app": application, **own}
        document["application"] = [first, *self.company]
        if self.phase_changes:
            document["phase_changes"] = list(self.phase_changes)
        return Fields(document, replace(self.source, lines=_scenario_lines(self.source.lines)), "")


def read_spec(spec: str | Path | Mapping[str, Any], folder: Path | None = None) -> Spec:
    """A batch from a file (`Path`), TOML text or a mapping; every run's keys are checked before any runs.

    Raises ExperimentError naming file, line and key.
    """
    fields = open_scenario(spec, folder, "a batch")
    belief = fields.part("belief") if "belief" in fields else None
    axes = _read_axes(fields, belief)
    found = Spec(
        source=fields.source,
        axes={key: axes[key] for key in ORDER if key in axes},
        company=tuple(table.table for table in fields.tables("application")),
        phase_changes=tuple(table.table for table in fields.tables("phase_changes")),
        is_belief=belief is not None,
    )
    fields.close([*PLURALS, *ORDER])
    if found.size > MOST_RUNS:
        raise fields.refuse("", f"found {found.size} runs", f"at most {MOST_RUNS}")
    for values in found.runs():
        read_scenario(found.scenario(values))
    return found


def run_seed(values: Values) -> int:
    """Repetition 0 has the seed itself, the others one drawn from it."""
    seed, repetition = values["seed"], values["repeat"]
    if not repetition or not isinstance(seed, int):
        return seed  # type: ignore[no-any-return]
    return Random(f"{seed}/{repetition}").getrandbits(48)


def _read_axes(fields: Fields, belief: Fields | None) -> dict[str, tuple[Any, ...]]:
    axes: dict[str, tuple[Any, ...]] = {
        **({"placement": ("compact",)} if belief is None else {}),
        "scheduler": ("rbed",),
        "seed": (0,),
        "repeat": tuple(range(fields.count("repeat", 1, least=1, most=MOST_RUNS))),
    }
    for key in (*PLURALS, *APPLICATION_AXES, *SCENARIO_AXES):
        axis = PLURALS.get(key, key)
        if key in fields:
            axes[axis] = _values(fields, key, is_span=key in SPANS)
    if "machine" not in axes:
        raise fields.refuse("machines", "found nothing", "a list of machines")
    if "application" not in axes:
        raise fields.refuse("applications", "found nothing", "a list of application files")
    if belief is not None:
        axes |= _read_belief(belief)
        for key in ("placements", "placement", "cores"):
            if key in fields:
                raise fields.refuse(key, "found beside [belief]", "no such key: the planner places")
    return axes


def _read_belief(fields: Fields) -> dict[str, tuple[Any, ...]]:
    """`package` and `factor`: messages from or to that package are believed to take `factor` x their time."""
    packages, factors = _values(fields, "package"), _values(fields, "factor")
    for package in packages:
        if isinstance(package, bool) or not isinstance(package, int):
            raise fields.refuse("package", f"found {package!r}", "the number of a package")
    for factor in factors:
        if not fields.check_number("factor", factor, 1000.0) >= 0.001:
            raise fields.refuse("factor", f"found {factor!r}", "a number from 0.001 to 1000")
    fields.close(BELIEF_AXES)
    return {"package": packages, "factor": factors}


def _values(fields: Fields, key: str, *, is_span: bool = False) -> tuple[Any, ...]:
    """The axis at a key: a list of values, or one value; a span is itself a list."""
    value = fields.take(key)
    is_axis = isinstance(value, list) and not (is_span and value and not isinstance(value[0], list))
    values = tuple(value) if is_axis else (value,)
    if not values or values == (None,):
        raise fields.refuse(key, "found nothing", "a value, or a list of them")
    distinct = [repr(each) for each in values]
    if len(set(distinct)) < len(distinct):
        raise fields.refuse(key, f"found {value!r}", "different values")
    return values


def _scenario_lines(lines: Mapping[str, int]) -> dict[str, int]:
    """Where the keys of a run stand in the batch: axes in their lists, company one table further down."""
    found: dict[str, int] = {}
    for path, line in lines.items():
        if path.startswith("application["):
            number, _, rest = path.removeprefix("application[").partition("]")
            found[f"application[{int(number) + 1}]{rest}"] = line
            continue
        key = PLURALS.get(path, path)
        if key == "application":
            found["application[0].app"] = found["application[0]"] = line
        elif key in APPLICATION_AXES:
            found[f"application[0].{key}"] = line
        else:
            found[key] = line
    return found
