"""The page of simulations: a scenario in a form, its picture, and what is refused."""

import html
import re
import xml.etree.ElementTree as ElementTree

import pytest
from starlette.testclient import TestClient

from api.pages.runs import MOST_TEXT
from api.pages.simulations import EXAMPLE, simulations_page

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>&\"'"
SMALL = 'machine = "amd-2x2"\nseconds = 0.1\n[[application]]\nname = "NAME"\nworkload = "cpu-bound"\ncores = [0, 2]\n'


def picture_in(page: str) -> ElementTree.Element:
    found = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found.group())


def test_the_form_has_an_example_that_runs_and_shows_a_box_for_each_slice(client: TestClient) -> None:
    form = client.get("/simulations").text
    held = re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)
    assert held is not None
    assert html.unescape(held[1]).strip() == EXAMPLE.strip()
    page = client.post("/simulations", data={"scenario": html.unescape(held[1])})
    assert page.status_code == 200
    told = [title.text or "" for title in picture_in(page.text).iter(f"{SVG}title")]
    assert "Execution trace of amd-4x4, 16 cores" in told
    assert sum("barrier" in one for one in told) > 16


def test_names_are_escaped_and_the_page_has_no_script_and_no_style_of_its_own(client: TestClient) -> None:
    text = SMALL.replace('"NAME"', f"'''{HOSTILE}'''")
    page = client.post("/simulations", data={"scenario": text})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert "&lt;script&gt;" in page.text
    assert any(HOSTILE in (title.text or "") for title in picture_in(page.text).iter(f"{SVG}title"))
    assert set(re.findall(r"https?://[^\s\"'<]+", page.text)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"scenario": SMALL.replace("0.1", "-1")}, 422, "line 2, key seconds"),
        ({"scenario": SMALL.replace("2]", "9]")}, 422, "core 9 does not exist"),
        ({"scenario": SMALL.replace("cpu-bound", "program")}, 422, "key application[0].workload_options.program"),
        ({"scenario": SMALL + 'manifest = "/etc/passwd"\n'}, 422, "no folder is known"),
        ({"scenario": HOSTILE}, 422, "scenario, line 1"),
        ({"other": "1"}, 422, "no field"),
        ({"scenario": "x" * (MOST_TEXT + 1)}, 422, "characters"),
    ],
)
def test_what_cannot_be_run_is_told_on_the_page(client: TestClient, form: dict, status: int, says: str) -> None:
    page = client.post("/simulations", data=form)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert says in html.unescape(page.text)
    assert "<script" not in page.text


def test_another_site_may_not_post_the_form(client: TestClient) -> None:
    headers = {"origin": "http://elsewhere.example"}
    assert client.post("/simulations", data={"scenario": SMALL}, headers=headers).status_code == 403


def test_a_picture_that_is_too_large_is_left_out(client: TestClient) -> None:
    answer = client.post(
        "/v1/simulations",
        json={
            "scenario": {
                "machine": "amd-2x2",
                "seconds": 0.1,
                "application": [{"name": "a", "workload": "cpu-bound", "cores": [0]}],
            }
        },
    ).json()
    page = simulations_page(SMALL, answer, None)
    assert "too large for a page" in page
    assert "<svg" not in page
