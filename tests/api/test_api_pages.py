"""The pages: readable without scripts, nothing from elsewhere, every string escaped."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import facts
import skb as knowledge_base
from api.machine_report import nodes_of
from api.pages.topology_picture import draw_machine
from api.service.app import create_app
from planner.machine.topology import Topology
from skb.store.store import Store

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>&\"'"


def drawn(source: str | Path | bytes) -> tuple[Topology, ElementTree.Element]:
    snapshot = knowledge_base.load(facts.read(source)).snapshot()
    machine = Topology.of(snapshot)
    return machine, ElementTree.fromstring(draw_machine(machine, nodes_of(snapshot)))


def test_the_first_page_links_to_every_machine(client: TestClient):
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/machines/amd-4x4"' in page.text


def test_a_machines_page_holds_its_drawing(client: TestClient):
    page = client.get("/machines/amd-4x4").text
    assert "<svg" in page
    assert "Package 3" in page


def test_no_page_has_a_script_or_asks_another_host(client: TestClient):
    for path in ("/", "/machines/amd-4x4", "/docs", "/style.css"):
        answer = client.get(path)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert " style=" not in answer.text
        addresses = re.findall(r"https?://[^\s\"'<]+", answer.text)
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}


def test_a_page_that_is_not_there_says_so(client: TestClient):
    missing = client.get("/machines/nowhere")
    assert missing.status_code == 404
    assert "no machine of this name" in missing.text


def test_hostile_names_and_facts_are_escaped():
    with Store("sqlite://") as store:
        store.load([("core", (0, 0), "static", HOSTILE), ("isa", (0, HOSTILE), "static", HOSTILE)], HOSTILE[:7])
        with TestClient(create_app(store), base_url="http://127.0.0.1") as client:
            for path in ("/", f"/machines/{HOSTILE[:7]}"):
                assert "<script" not in client.get(path).text
            assert "&lt;script" in client.get("/").text


@pytest.mark.parametrize("machine", facts.bundled())
def test_every_thread_bears_its_core_id_and_os_index(machine: str):
    topology, svg = drawn(machine)
    titles = [title.text or "" for title in svg.iter(f"{SVG}title")]
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    for core in topology.cores:
        assert any(title.startswith(f"core {core.id},") or title == f"core {core.id}" for title in titles)
        assert str(core.id) in texts
        if core.os_index is not None:
            assert f"OS {core.os_index}" in texts


def test_threads_that_are_not_to_be_used_are_hatched():
    text = b"core(0, 0). core(1, 0). pu(0, 0, unknown). pu(1, 1, unknown). disallowed(1)."
    _, svg = drawn(text)
    hatched = [rect for rect in svg.iter(f"{SVG}rect") if rect.get("fill", "").startswith("url(")]
    assert len(hatched) == 2  # the thread, and its explanation


def test_boxes_lie_within_the_picture():
    for source in ("amd-8x4", "scc", "synthetic:pack:4 [numa] l3:4 core:12 pu:2"):
        _, svg = drawn(source)
        width, height = float(svg.get("width", "0")), float(svg.get("height", "0"))
        for rect in svg.iter(f"{SVG}rect"):
            assert float(rect.get("x", "0")) + float(rect.get("width", "0")) <= width
            assert float(rect.get("y", "0")) + float(rect.get("height", "0")) <= height


def test_every_real_hwloc_file_is_drawn(shared_data: Path):
    files = sorted((shared_data / "hwloc-xml").rglob("*.xml"))
    assert len(files) == 20
    for file in files:
        topology, svg = drawn(file)
        threads = [title for title in svg.iter(f"{SVG}title") if (title.text or "").startswith("core ")]
        assert len(threads) >= len(topology.cores), file.name


def test_the_command_line_writes_the_same_drawing(skb, tmp_path: Path):
    skb("load", "amd-2x2")
    target = tmp_path / "machine.svg"
    assert skb("show", "amd-2x2", "--svg", target).code == 0
    assert ElementTree.parse(target).getroot().tag == f"{SVG}svg"
