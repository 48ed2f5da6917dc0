"""What `skb query` asks files alone."""

from pathlib import Path

import pytest


def test_a_mistake_in_one_of_several_files_names_the_file(skb, tmp_path: Path):
    good, bad = tmp_path / "good.pl", tmp_path / "bad.pl"
    good.write_text("f(1).\n")
    bad.write_text("f(1).\nf(.\n")
    refused = skb("--json", "query", "-", "f(X)", "--facts", good, bad)
    assert refused.code == 2
    error = refused.document["error"]
    assert error["code"] == "syntax"
    assert error["message"].startswith(f"{bad}, line 2, column 3: ")
    assert (error["details"]["file"], error["details"]["line"]) == (str(bad), 2)


PROGRAM = """% In the manner of the SKB's programs.
:- lib(ic).
:- local struct(driver_entry(module, devices, needs)).
:- [objects3].
apic(0, 0, 1). apic(1, 4, 1). apic(2, 5, 0).
rootbridge(addr(0, 0, 0), childbus(0, 5), mem(1, 2)).
rootcomplex_addr(pci0, addr(0, 0, 0)). ht_link(cpu0, pci0). core(0, cpu0). core(1, cpu0). core(2, cpu1).
driver_entry{ module: "camera", devices: [fdif] }.
driver_entry{ module: "dma", needs: [power], devices: [sdma, "any"] }.
enabled(L) :- ( is_predicate(apic/3) -> findall(Id, apic(_, Id, 1), All), sort(All, L) ; L = [] ).
is_done(Status) :- ( is_predicate(discovery_done/0) -> Status = yes ; Status = no ).
near_bus(Bus, Cores) :-
    rootbridge(Addr, childbus(Low, High), _), Bus >= Low, Bus =< High,
    rootcomplex_addr(Name, Addr), ht_link(Cpu, Name), findall(X, core(X, Cpu), Cores).
near(Bus, Core) :- near_bus(Bus, Cores), member(Core, Cores).
driver_of(Device, driver(Module, Needs)) :-
    driver_entry{module: Module, needs: Needs, devices: Devices}, member(Device, Devices).
last(Last, [Last]) :- !.
note(X) :-
    enabled(X), assert(noted(X)).
each(L) :- ( foreach(X, L) do writeln(X) ).
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.pl"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize(
    ("goal", "rows"),
    [
        ("enabled(L)", [[[0, 4]]]),
        ("is_done(S)", [["no"]]),
        ("near_bus(3, Cores)", [[[0, 1]]]),
        ("near(3, Core)", [[0], [1]]),
        ("near(6, Core)", []),
        ("driver_of(fdif, D)", [[{"f": "driver", "args": [{"str": "camera"}, "unspecified"]}]]),
        ("driver_entry{module: M, needs: [power]}", [[{"str": "dma"}]]),
    ],
)
def test_a_program_of_facts_and_rules_is_asked_with_its_plain_rules(skb, program: Path, goal: str, rows: list[object]):
    answered = skb("--json", "query", "-", goal, "--facts", program)
    assert answered.document["rows"] == rows
    assert [(each["code"], each["where"].removeprefix(str(program))) for each in answered.document["warnings"]] == [
        ("left_out", " line 4"),
        ("unusable_rule", " line 18, column 23"),
        ("unusable_rule", " line 20, column 17"),
        ("unusable_rule", " line 21, column 28"),
    ]


@pytest.mark.parametrize(
    ("goal", "name", "line", "column"),
    [("last(X, [1])", "!", 18, 23), ("note(X)", "assert", 20, 17), ("each([1])", "do", 21, 28)],
)
def test_a_rule_that_the_language_leaves_out_is_refused_where_it_is_asked_with(
    skb, program: Path, goal: str, name: str, line: int, column: int
):
    refused = skb("--json", "query", "-", goal, "--facts", program)
    assert refused.code == 2
    error = refused.document["error"]
    assert error["code"] == "unsupported"
    assert (error["details"]["goal"], error["details"]["line"], error["details"]["column"]) == (name, line, column)


def test_a_rule_that_needs_an_argument_is_refused_without_it(skb, program: Path):
    refused = skb("--json", "query", "-", "near_bus(Bus, Cores)", "--facts", program)
    assert refused.document["error"]["code"] == "unsafe_variable"


def test_the_clauses_that_cannot_be_used_are_told_to_people_too(skb, program: Path):
    text = skb("query", "-", "enabled(L)", "--facts", program).out
    assert "program.pl line 18, column 23: last/2: ! is part of Prolog" in text


def test_a_relation_that_facts_state_may_have_any_name(skb, tmp_path: Path):
    program = tmp_path / "program.pl"
    program.write_text("delay(a, 3). delay(b, 4).\nslow(X) :- delay(X, T), T > 3.\nsort(1, 2).\nq(X) :- sort(X, _).\n")
    answered = skb("--json", "query", "-", "slow(X), q(Y)", "--facts", program)
    assert answered.document["rows"] == [["b", 1]]
    assert "warnings" not in answered.document
