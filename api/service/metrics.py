"""Figures of a running service in the text format of Prometheus."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meter:
    """Counts requests by method, route and status, and how long each route took. Used by one event loop."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.durations: dict[str, list[int]] = {}
        self.seconds: dict[str, float] = {}
        self.in_progress = 0
        self.since_s = time.time()

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests[method, route, status] += 1
        counts = self.durations.setdefault(route, [0] * (len(BUCKETS_S) + 1))
        counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds[route] = self.seconds.get(route, 0.0) + seconds


class Measuring:
    """Tells a meter of every request; its route is the template, so that there are few of them."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._meter.in_progress += 1
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._meter.in_progress -= 1
            self._meter.note(_method(scope), _route(scope), status, time.perf_counter() - started)


def metrics_text(meter: Meter, gauges: Mapping[str, tuple[str, Any]], counters: Mapping[str, tuple[str, Any]]) -> str:
    """The whole document. Gauges and counters are (help, value), or (help, {label: value}) by kind."""
    lines = [*_requests(meter), *_durations(meter)]
    lines += _family("skb_requests_in_progress", "gauge", "Requests being answered.", meter.in_progress)
    lines += _family("skb_start_time_seconds", "gauge", "When the service began.", round(meter.since_s, 3))
    for kind, families in (("gauge", gauges), ("counter", counters)):
        for name, (meaning, value) in families.items():
            lines += _family(name, kind, meaning, value)
    return "\n".join(lines) + "\n"


def _requests(meter: Meter) -> Iterable[str]:
    yield from _head("skb_requests_total", "counter", "Requests answered.")
    for (method, route, status), count in sorted(meter.requests.items()):
        labels = f'method="{method}",route="{_escaped(route)}",status="{status}"'
        yield f"skb_requests_total{{{labels}}} {count}"


def _durations(meter: Meter) -> Iterable[str]:
    name = "skb_request_seconds"
    yield from _head(name, "histogram", "How long requests took.")
    for route, counts in sorted(meter.durations.items()):
        label, so_far = f'route="{_escaped(route)}"', 0
        for most, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
            so_far += count
            yield f'{name}_bucket{{{label},le="{most}"}} {so_far}'
        yield f"{name}_sum{{{label}}} {meter.seconds[route]:.6f}"
        yield f"{name}_count{{{label}}} {so_far}"


def _family(name: str, kind: str, meaning: str, value: Any) -> Iterable[str]:
    yield from _head(name, kind, meaning)
    if not isinstance(value, Mapping):
        yield f"{name} {value}"
        return
    for label, number in value.items():
        yield f'{name}{{kind="{_escaped(label)}"}} {number}'


def _head(name: str, kind: str, meaning: str) -> Iterable[str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
