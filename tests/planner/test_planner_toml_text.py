"""TOML from strangers is read or refused in time that grows with its length."""

import tomllib
from time import perf_counter

import pytest

from planner import Application, Manifest, PlanError
from planner.key_lines import key_lines
from planner.toml_text import read_document

PHASE = '[[group.phase]]\nkind = "B"\nweight = 1\n'


@pytest.mark.parametrize(
    "text",
    [
        "dispatchers = " + "9" * 5000,
        "dispatchers = " + "1_" * 5000 + "1",
        "dispatchers = 0x" + "f" * 50_000,
        "dispatchers = 9223372036854775808",
    ],
)
def test_a_number_beyond_64_bits_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(PlanError, match=r"line 2: .*64 bits"):
        Manifest.from_toml(f"[[group]]\n{text}\n{PHASE}", name="m")


@pytest.mark.parametrize(
    "text",
    [
        ".".join("a" * 50_000) + " = 1",
        ".".join(['"a"'] * 50_000) + " = 1",
        "[" + " . ".join("a" * 50_000) + "]",
        "x = {" + ".".join("a" * 50_000) + " = 1}",
    ],
)
def test_a_key_of_many_parts_is_refused_at_once(text: str) -> None:
    started = perf_counter()
    with pytest.raises(tomllib.TOMLDecodeError, match=r"32 parts \(at line 2"):
        read_document(f"# first\n{text}")
    assert perf_counter() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "[" + " " * 3000 + '"a]b"]',
        "a = 1 # " + '"\\' * 100_000,
        "a = 1 # " + "'\"" * 100_000,
        "a = '" + '"\\' * 100_000 + "'",
        "m = [" + "0.1, " * 50_000 + "]",
    ],
)
def test_lines_of_keys_are_found_in_time_that_grows_with_the_text(text: str) -> None:
    started = perf_counter()
    read_document(text)
    key_lines(text)
    assert perf_counter() - started < 5


def test_more_than_256_groups_of_a_manifest_are_refused() -> None:
    groups = "".join(f'[[group]]\nname = "g{number}"\n{PHASE}' for number in range(257))
    with pytest.raises(PlanError, match="at most 256"):
        Manifest.from_toml(groups, name="m")


def test_more_than_200_constraints_and_endless_names_are_refused() -> None:
    group = {"name": "w", "count": 2}
    demands = [{"name": f"c{number}", "kind": "share", "level": "L3", "members": ["w"]} for number in range(201)]
    with pytest.raises(PlanError, match="at most 200"):
        Application.from_mapping({"group": [group], "constraint": demands})
    with pytest.raises(PlanError, match="up to 200 characters"):
        Application.from_mapping({"group": [{"name": "w" * 201, "count": 2}]})
