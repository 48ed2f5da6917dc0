"""A source is told by its content, and what is none is refused in one sentence."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import facts

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
XML_FILES = [*sorted(DATA.glob("*.xml")), *sorted((SHARED / "hwloc-xml").glob("*/*.xml"))]


def test_text_and_path_and_bytes_of_one_file_say_the_same() -> None:
    path = DATA / "smt-and-io.v2.xml"
    by_path, by_text = facts.read(path), facts.read(str(path))
    by_bytes = facts.read(path.read_bytes(), name=by_path.name)
    assert by_path == by_text
    assert [fact[:3] for fact in by_bytes.facts] == [fact[:3] for fact in by_path.facts]


def test_a_name_that_is_given_beats_the_file_s(tmp_path: Path) -> None:
    reading = facts.read(DATA / "two-sockets.v1.xml", name="mine")
    assert reading.name == "mine"
    assert reading.facts[0].args == ("mine",)


def test_content_beats_the_file_s_ending(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes((DATA / "two-sockets.v1.xml").read_bytes())
    assert (facts.read(path).objects or {})["PU"] == 4
    path.write_text(",\n10,\n")
    assert facts.read(path).objects == {"PU": 2}
    path.write_text("% a comment\n/* another */\n  core(0, 0).\n")
    assert facts.read(path).text == path.read_text()


@pytest.mark.parametrize(
    "text", ["core(0,0).", "'a b'(1).", "up.", ":- dynamic x/1.", "p(X) :- q(X).", "% only\nq :- r."]
)
def test_prolog_text_is_handed_on_as_text(text: str) -> None:
    reading = facts.read(text.encode())
    assert (reading.text, reading.facts, reading.objects, reading.layer) == (text, (), None, "static")


@pytest.mark.parametrize("path", sorted((SHARED / "barrelfish").glob("*")), ids=lambda path: path.name)
def test_barrelfish_fact_files_are_prolog(path: Path) -> None:
    assert facts.read(path).text is not None


def test_bytes_may_name_a_bundled_machine_or_a_shape_but_not_this_host() -> None:
    assert facts.read(b"amd-4x4\n").name == "amd-4x4"
    assert (facts.read(b"synthetic:core:2 pu:1").objects or {})["PU"] == 2
    with pytest.raises(facts.ReadError, match="'host', which is no format"):
        facts.read(b"host")


def test_a_byte_order_mark_does_no_harm() -> None:
    assert facts.read(b"\xef\xbb\xbf,\n1,\n").objects == {"PU": 2}
    assert (facts.read(b"\xef\xbb\xbf" + (DATA / "hybrid.v3.xml").read_bytes()).objects or {})["PU"] == 4


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("no-such-machine", "no source 'no-such-machine'"),
        ("a\0b", "cannot be read"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00\x01", "no UTF-8"),
        (b"?!", "no format that is known"),
        (b"Architecture:   x86_64\nCPU(s): 4\n", "summary output of lscpu"),
        (b"#lpdquad #HWCs 96000 #Nodes 4 SMT 1\n0 0 0\n", "an MCTOP header"),
        (b"name,core\n1,2\n", "line 1, column 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_would_be(source: str | bytes, words: str) -> None:
    with pytest.raises(facts.ReadError) as caught:
        facts.read(source)
    assert words in str(caught.value)
    assert "accepted" in str(caught.value)
    assert caught.value.code
    assert "\n" not in str(caught.value)


def test_a_folder_without_sys_and_an_empty_smelt_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(facts.ReadError, match="has no sys/ in it"):
        facts.read(tmp_path)
    (tmp_path / "pairwise-nsend_send").write_text("0 1 2\n")
    with pytest.raises(facts.ReadError, match="no readable pair"):
        facts.read(tmp_path)


def test_a_machine_is_named_by_the_stem_of_its_file(tmp_path: Path) -> None:
    for file, name in (("some.facts.txt", "some.facts"), ("box.pl", "box"), ("box.two.pl", "box.two")):
        (tmp_path / file).write_text("core(0, 0).\n")
        assert facts.read(tmp_path / file).name == name


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "secret.xml"
    path.write_text("<topology/>")
    path.chmod(0)
    with pytest.raises(facts.ReadError, match="cannot be read"):
        facts.read(path)


def refused_or_read(data: bytes) -> None:
    """Read the bytes; anything but a reading or a ReadError fails the test by itself."""
    try:
        reading = facts.read(data)
    except facts.ReadError as error:
        assert error.message.isprintable() or "\n" not in error.message  # noqa: PT017
    else:
        assert reading.text or reading.objects


@pytest.mark.parametrize("path", XML_FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_prefix_and_no_mutation_of_an_xml_file_raises_anything_but_a_read_error(
    path: Path, full_scale: bool
) -> None:
    data, chance = path.read_bytes(), random.Random(path.name)
    for _ in range(400 if full_scale else 8 if len(data) < 100_000 else 1):
        refused_or_read(data[: chance.randrange(len(data))])
        mutated = bytearray(data)
        for _ in range(chance.choice((1, 2, 8))):
            mutated[chance.randrange(len(mutated))] = chance.choice(b'0123456789abcxf"<>/= ,\x00\xff')
        refused_or_read(bytes(mutated))


def test_a_truncated_xml_says_line_and_column() -> None:
    data = (DATA / "smt-and-io.v2.xml").read_bytes()
    for end in range(60, len(data) - 20, 211):
        with pytest.raises(facts.ReadError, match=r"line \d+, column \d+") as caught:
            facts.read(data[:end])
        assert caught.value.details["line"] == data[:end].count(b"\n") + 1


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_reading_or_a_read_error(data: bytes) -> None:
    refused_or_read(data)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(alphabet="<topology>object \"'=PUMachine0x1f,/&;!?\n", max_size=120))
def test_any_text_like_xml_is_a_reading_or_a_read_error(text: str) -> None:
    refused_or_read(f'<topology version="2.0">{text}'.encode())


def test_facts_may_be_many_and_what_is_none_is_not_read_to_its_end(tmp_path: Path) -> None:
    large = facts.recognise.MAX_BYTES + 1
    path = tmp_path / "export.txt"
    path.write_bytes(b"% m, revision 4\ncore(0,0).".ljust(large))
    text = facts.read(path).text
    assert text is not None
    assert len(text) == large
    (tmp_path / "zeros").touch()
    os.truncate(tmp_path / "zeros", large)
    endless = [Path("/dev/zero")] if Path("/dev/zero").exists() else []
    for other in (tmp_path / "zeros", *endless):
        with pytest.raises(facts.ReadError, match=f"more than {facts.recognise.MAX_BYTES} bytes"):
            facts.read(other)
