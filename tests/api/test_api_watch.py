"""Watching a machine over a real connection."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import AsyncGenerator, Iterator, MutableMapping
from contextlib import closing, suppress
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from starlette.testclient import TestClient

import facts
from api.service.app import create_app
from api.service.server import serving
from api.service.streams import EventStream
from api.service.work.pool import Pool
from skb.knowledge import KnowledgeBase
from skb.store.store import Store

WATCH = "/v1/machines/amd-4x4/watch"


@pytest.fixture(scope="module")
def knowledge() -> Iterator[KnowledgeBase]:
    with Store("sqlite://") as store:
        store.load(facts.read("amd-4x4"))
        yield store.knowledge("amd-4x4")


@pytest.fixture(scope="module")
def address(knowledge: KnowledgeBase, pool: Pool) -> Iterator[str]:
    with serving(create_app(knowledge.store, pool=pool)) as at:
        yield at


class Stream:
    """Reads blocks of a stream."""

    def __init__(self, address: str, query: str = "", headers: dict[str, str] | None = None) -> None:
        place = urlsplit(address)
        self._connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
        self._connection.request("GET", f"{WATCH}{query}", headers=headers or {})
        self._socket = self._connection.sock
        self.answer = self._connection.getresponse()

    def block(self) -> list[str]:
        lines: list[str] = []
        while line := self.answer.readline().decode().rstrip("\n"):
            lines.append(line)
        return lines

    def event(self) -> tuple[str | None, Any]:
        """Number and document of the next change."""
        while True:
            found = dict(line.split(": ", 1) for line in self.block() if not line.startswith(":"))
            if found.get("event") == "change":
                return found.get("id"), json.loads(found["data"])

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self.answer.close()
        self._connection.close()


def test_a_change_is_told_as_it_happens_to_those_whom_it_concerns(address: str, knowledge: KnowledgeBase):
    pattern = quote("likes(_, tea)")
    with closing(Stream(address, f"?pattern={pattern}")) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert any(line.startswith(": after revision") for line in stream.block())
        knowledge.tell("likes(1, milk). likes(2, tea).")
        number, change = stream.event()
        assert (change["kind"], change["args"], change["machine"]) == ("asserted", [2, "tea"], "amd-4x4")
        assert number == str(knowledge.revision)
        knowledge.retract("likes(2, tea).")
        assert stream.event()[1]["kind"] == "retracted"


def test_a_client_that_comes_back_goes_on_where_it_was(address: str, knowledge: KnowledgeBase):
    before = knowledge.revision
    knowledge.tell("counted(1). counted(2). counted(3).")
    knowledge.tell("counted(4).")
    query = f"?from={before}&pattern=counted(_)"
    with closing(Stream(address, query)) as stream:
        told = [stream.event() for _ in range(4)]
    assert [change["args"] for _, change in told] == [[1], [2], [3], [4]]
    assert [number for number, _ in told] == [f"{before + 1}.1", f"{before + 1}.2", f"{before + 1}", f"{before + 2}"]
    for at, (number, _) in enumerate(told[:3]):
        with closing(Stream(address, query, {"last-event-id": str(number)})) as stream:
            assert stream.event() == told[at + 1]


def test_silence_is_filled_with_comments_that_move_the_number_on(address: str, knowledge: KnowledgeBase):
    with closing(Stream(address, "?pattern=nothing(_)&heartbeat=0.05")) as stream:
        knowledge.tell("other(1).")
        blocks = [stream.block() for _ in range(4)]
    assert [": still here", f"id: {knowledge.revision}"] in blocks


def test_a_revision_that_is_not_kept_or_not_reached_is_a_problem(client: TestClient, knowledge: KnowledgeBase):
    ahead = client.get(f"{WATCH}?from=100000")
    assert (ahead.status_code, ahead.json()["code"]) == (404, "unknown_revision")
    with Store("sqlite://") as pruned, TestClient(create_app(pruned), base_url="http://localhost") as own:
        pruned.load(facts.read("amd-4x4"))
        for value in range(3):
            pruned.knowledge("amd-4x4").tell([("likes", (value,))])
        pruned.prune(3)
        gone = own.get(f"{WATCH}?from=1")
        assert (gone.status_code, gone.json()["details"]["kept"]) == (404, 3)
        assert own.get(WATCH, headers={"last-event-id": "1.1"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("?from=-1", {}, "invalid"),
        ("?pattern=f(", {}, "syntax"),
        ("?pattern=7", {}, "bad_fact"),
        ("", {"last-event-id": "x"}, "bad_event_id"),
        ("", {"last-event-id": "0.1"}, "bad_event_id"),
        ("?heartbeat=0", {}, "invalid"),
    ],
)
def test_a_wrong_request_to_watch_is_refused(client: TestClient, query: str, headers: dict, code: str):
    answer = client.get(f"{WATCH}{query}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_client_that_leaves_is_forgotten(address: str, knowledge: KnowledgeBase, pool: Pool):
    app = create_app(knowledge.store, pool=pool)
    with serving(app) as at:
        stream = Stream(at)
        stream.block()
        assert len(app.state.holdings.watchers) == 1
        stream.close()
        deadline = time.monotonic() + 10
        while len(app.state.holdings.watchers) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(app.state.holdings.watchers) == 0


def test_a_client_that_leaves_while_it_is_sent_to_ends_the_source():
    ended: list[bool] = []

    async def blocks() -> AsyncGenerator[str]:
        try:
            yield "retry: 2000\n\n"
        finally:
            ended.append(True)

    async def leave_before_the_block_is_sent() -> list[bool]:
        sending = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                sending.set()
                await asyncio.Event().wait()

        async def receive() -> MutableMapping[str, Any]:
            await sending.wait()
            return {"type": "http.disconnect"}

        stream = EventStream(blocks())
        await stream({"type": "http"}, receive, send)
        return list(ended)

    assert asyncio.run(leave_before_the_block_is_sent()) == [True]


def test_the_end_of_the_service_ends_the_streams(knowledge: KnowledgeBase, pool: Pool):
    with serving(create_app(knowledge.store, pool=pool)) as at:
        stream = Stream(at)
        stream.block()
    assert stream.answer.read() == b""
    stream.close()
