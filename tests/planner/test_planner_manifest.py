import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import Manifest, PlanError
from planner.manifests.phases import Group, Phase

FIGURE_3_4 = """\
# Best-effort phase with scheduling priority of 1
B 1

# Deterministic scheduling
# WCET period deadline release time
H 80 160 80 480
"""


def test_the_dissertations_manifest_has_two_phases() -> None:
    manifest = Manifest.from_text(FIGURE_3_4, name="barrier", dispatchers=16)
    best_effort, gang = manifest.groups[0].phases
    assert best_effort == Phase("B", weight=1)
    assert gang == Phase("H", 0, 80_000_000, 160_000_000, 80_000_000, 480_000_000)
    assert manifest.groups[0].is_gang(1)
    assert manifest.dispatcher_count == 16


def test_deadline_defaults_to_the_period_while_release_defaults_to_zero() -> None:
    (phase,) = Manifest.from_text("S 0.000001 10.5", name="m").groups[0].phases
    assert (phase.wcet_ns, phase.deadline_ns, phase.release_ns) == (1, 10_500_000, 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("H 81 160 80", "line 2: WCET 81 ms is over the deadline 80 ms"),
        ("H 20 10 30", "line 2: WCET 20 ms is over the period 10 ms"),
        ("H 5 3", "line 2: WCET 5 ms is over the period 3 ms"),
        ("X 1", "line 2: 'X' is no kind of phase"),
        ("B", "line 2: B has 0 numbers"),
        ("B 0", "line 2: the weight is 0"),
        ("B 1.5", "line 2: the weight is 1.5"),
        ("H 5", "line 2: H has 1 numbers"),
        ("H five 10", "line 2: 'five' is no decimal number"),
        ("H nan 10", "line 2: 'nan' is no decimal number"),
        ("H -1 10", "line 2: '-1' is no decimal number"),
        ("H 1e3 1e4", "line 2: '1e3' is no decimal number"),
        ("H 0 10", "line 2: the WCET is 0 ms"),
        ("H 0.0000001 10", "line 2: the WCET 1E-7 ms is finer than 1 ns"),
        ("H 1 999999999999", "line 2: the period is 999999999999 ms"),
    ],
)
def test_a_mistake_is_answered_with_its_line_and_what_would_be_accepted(line: str, message: str) -> None:
    with pytest.raises(PlanError) as refusal:
        Manifest.from_text(f"B 1\n{line}\n", name="m")
    assert message in str(refusal.value)
    assert "accepted" in str(refusal.value)
    assert refusal.value.details["line"] == 2


def test_a_release_may_be_left_to_admission_in_either_form() -> None:
    (phase,) = Manifest.from_text("G 80 160 80 auto", name="m").groups[0].phases
    table = 'kind = "G"\nwcet_ms = 80\nperiod_ms = 160\ndeadline_ms = 80\nrelease_ms = "auto"\n'
    (same,) = Manifest.from_toml(f"[[group]]\n[[group.phase]]\n{table}", name="m").groups[0].phases
    assert phase == same
    assert phase.is_release_derived
    with pytest.raises(PlanError, match="number or 'auto' is accepted"):
        Manifest.from_toml(f"[[group]]\n[[group.phase]]\n{table}".replace("auto", "soon"), name="m")


def test_more_than_eight_phases_are_refused() -> None:
    with pytest.raises(PlanError, match="9 phases; 1 to 8 phases are accepted"):
        Manifest.from_text("B 1\n" * 9, name="m")


def test_an_empty_manifest_is_refused() -> None:
    with pytest.raises(PlanError, match="0 phases"):
        Manifest.from_text("# nothing\n", name="m")


def test_groups_of_a_toml_manifest_number_their_dispatchers_one_after_the_other() -> None:
    manifest = Manifest.parse(
        '[[group]]\nname = "a"\ndispatchers = 3\n[[group.phase]]\nkind = "B"\nweight = 2\n'
        '[[group]]\nname = "b"\n[[group.phase]]\nkind = "H"\nwcet_ms = 0.5\nperiod_ms = 4\n',
        name="m",
    )
    assert manifest.first_dispatcher(manifest.groups[1]) == 3
    assert manifest.groups[1].phases[0].wcet_ns == 500_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[group]]\nname = ", "line 2"),
        ("[[group]]\nfoo = 1\n", "the key 'foo' is unknown"),
        ('[[group]]\n[[group.phase]]\nkind = "H"\nperiod_ms = 4\n', "wcet_ms is missing"),
        ('[[group]]\n[[group.phase]]\nkind = "B"\nweight = 1\nwcet_ms = 4\n', "the key 'wcet_ms' is unknown"),
        ('[[group]]\n[[group.phase]]\nkind = "H"\nwcet_ms = inf\nperiod_ms = 4\n', "the WCET is Infinity ms"),
        ("[group]\n", "no group"),
        ("[[group]]\ndispatchers = true\n", "True dispatchers"),
        ("[[group]]\ndispatchers = 0\nphase = [{kind='B', weight=1}]\n", "0 dispatchers were asked for"),
    ],
)
def test_a_mistake_in_toml_is_answered_with_line_or_key(text: str, message: str) -> None:
    with pytest.raises(PlanError, match="manifest m") as refusal:
        Manifest.from_toml(text, name="m")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("period_ms = -8", "group[0].phase[0]"),
        ("period_ms = true", "group[0].phase[0].period_ms"),
        ("peroid_ms = 8", "group[0].phase[0].peroid_ms"),
    ],
)
def test_a_mistake_in_toml_names_its_line_and_its_key(line: str, key: str) -> None:
    text = f'[[group]]\nname = "a"\n[[group.phase]]\nkind = "H"\nwcet_ms = 2\n{line}\n'
    with pytest.raises(PlanError) as refusal:
        Manifest.from_toml(text, name="m")
    assert refusal.value.details["key"] == key
    assert refusal.value.details["line"] == (3 if key.endswith("[0]") else 6)
    assert f"line {refusal.value.details['line']}, key {key}: " in str(refusal.value)


def test_groups_with_different_numbers_of_phases_are_refused() -> None:
    one = '[[group]]\nname = "{}"\n' + "[[group.phase]]\nkind = 'B'\nweight = 1\n"
    with pytest.raises(PlanError, match="2 and 3 phases"):
        Manifest.from_toml(
            one.format("a")
            + "[[group.phase]]\nkind = 'B'\nweight = 1\n"
            + one.format("b")
            + "[[group.phase]]\nkind = 'B'\nweight = 1\n" * 2,
            name="m",
        )


@st.composite
def phases(draw: st.DrawFn) -> Phase:
    kind = draw(st.sampled_from("BSHG"))
    if kind == "B":
        return Phase("B", weight=draw(st.integers(1, 4293)))
    period = draw(st.integers(1, 10**12))
    wcet = draw(st.integers(1, period))
    deadline = draw(st.integers(wcet, 10**13))
    if draw(st.booleans()):
        return Phase(kind, 0, wcet, period, deadline, is_release_derived=True)
    return Phase(kind, 0, wcet, period, deadline, draw(st.integers(0, 10**12)))


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(phases(), min_size=1, max_size=8))
def test_both_forms_read_back_what_they_wrote(written: list[Phase]) -> None:
    manifest = Manifest("m", (Group("main", 3, tuple(written)),))
    assert Manifest.from_text(manifest.to_text(), name="m", dispatchers=3) == manifest
    assert Manifest.from_toml(manifest.to_toml(), name="m") == manifest
