"""The last step: the HTTP service on a free port, asked the same three questions."""

import json
import urllib.request
from typing import Any

from api.demo.material import APPLICATION, LARGE, QUESTION, SMALL
from api.demo.narration import Narrator
from api.service.app import create_app
from api.service.server import serving
from skb.store.store import Store


def ask_over_http(tell: Narrator, store: Store) -> None:
    """Question, placement and tree again, this time as JSON from the service."""
    with (
        tell.step("Start the HTTP service on a free loopback port and ask the same three things"),
        serving(create_app(store)) as at,
    ):
        tell.say(f"serving at {at}; {at}/ shows the machines in a browser, {at}/openapi.json describes the service")
        question = _post(f"{at}/v1/machines/{SMALL}/query", {"goal": QUESTION})
        tell.say(f"POST /v1/machines/{SMALL}/query -> {len(question['rows'])} rows, {question['status']}")
        placement = _post(f"{at}/v1/machines/{SMALL}/placements", {"app": APPLICATION, "seed": 1})
        cores = [seat["core"] for seat in placement["map"].values()]
        tell.say(
            f"POST /v1/machines/{SMALL}/placements -> cores {cores}, {placement['status']}, now with "
            f"{placement['latency']} latencies"
        )
        tree = _post(f"{at}/v1/machines/{LARGE}/multicast-trees", {"root": 0})
        tell.say(f"POST /v1/machines/{LARGE}/multicast-trees -> {tree['makespan']:,.1f} {tree['unit']}")
        same = question["rows"] == tell.results["question"]["rows"] and tree["sends"] == tell.results["tree"]["sends"]
        tell.say("the rows and the tree are the same as before" if same else "the answers differ from those before")
        tell.results["http"] = {"question": question, "placement": placement, "tree": tree, "same": same}


def _post(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
