"""The page of simulations: a scenario in a form, the run's table and its picture in the manner of Aquarium."""

import re
from collections.abc import Mapping
from typing import Any

from api.pages.documents import page, table
from api.pages.markup import Child, Markup, element
from planner.cpu_list import format_cpu_list

EXAMPLE = """machine = "amd-4x4"
seconds = 1
phase_changes = [{ application = "barrier", phase = 1, at_ms = 200 }]

[[application]]
name = "barrier"
workload = "barrier"
cores = "0-15"
manifest = \"\"\"
B 1
G 80 160 80
\"\"\"

[[application]]
name = "cpu"
workload = "cpu-bound"
cores = "8-15"
"""
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


def simulations_page(
    text: str = EXAMPLE, answer: Mapping[str, Any] | None = None, picture: str | None = None, refusal: str = ""
) -> str:
    """The form with `text`; below it what the run came to, or why there was none. `picture` is the simulator's SVG,
    whose names are escaped already; its style is the page's, since pages have none of their own.
    """
    shown: list[Child] = []
    if refusal:
        shown.append(element("p", {"class_": "refusal", "role": "alert"}, refusal))
    if answer is not None:
        shown += [_applications(answer), _picture(picture), _details(answer)]
    return page(
        "Simulations",
        element("h1", None, "Simulations"),
        element("p", {"class_": "lead"}, "A scenario, run on the simulated machine. It may not name files."),
        *shown,
        _form(text),
    )


def _form(text: str) -> Markup:
    area = element("textarea", {"name": "scenario", "id": "scenario", "rows": 20, "spellcheck": "false"}, f"\n{text}")
    return element(
        "form",
        {"method": "post", "action": "/simulations", "class_": "card scenario"},
        element("label", {"for_": "scenario"}, "Scenario (SCENARIO.toml)"),
        area,
        element("button", {"type": "submit"}, "Simulate"),
    )


def _applications(answer: Mapping[str, Any]) -> Markup:
    rows = [
        [name, own["progress"], own["misses"], format_cpu_list(own["cores"]), _mean(own["utilisation"])]
        for name, own in answer["applications"].items()
    ]
    headers = ["application", "progress", "missed deadlines", "cores", "core share"]
    return element("div", {"class_": "card"}, table(headers, rows))


def _mean(shares: list[float]) -> str:
    return f"{sum(shares) / len(shares):.1%}" if shares else "-"


def _picture(picture: str | None) -> Markup:
    nothing = element("p", {"class_": "empty"}, "The picture is too large for a page: use skb simulate --trace.")
    drawing = nothing if picture is None else Markup(_STYLE.sub("", picture))
    return element("div", {"class_": "card drawing aquarium"}, drawing)


def _details(answer: Mapping[str, Any]) -> Markup:
    told = [
        f"{answer['virtual_seconds']:g} virtual seconds, {answer['events']:,} events for "
        f"{answer['events_represented']:,}, {answer['dispatches']:,} dispatches, {answer['messages']:,} messages.",
        *(f"Core {one['core']} stopped at {one['time_us']:,.0f} us." for one in answer.get("stopped", ())),
        *(
            f"{name}: core {one['core']} at {one['time_us']:,.0f} us: {one['what']}."
            for name, own in answer["applications"].items()
            for one in own.get("failures", ())
        ),
    ]
    return element("ul", {"class_": "told"}, *(element("li", None, one) for one in told))
