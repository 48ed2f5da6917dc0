"""The pages themselves: the machines, one machine, the operations of the service."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from api.pages.markup import Child, Markup, element
from api.tables import cell, size
from planner.cpu_list import format_cpu_list
from planner.machine.topology import Topology


def machines_page(document: Mapping[str, Any]) -> str:
    """All machines of the store, from the document of `GET /v1/machines`."""
    machines = document["machines"]
    keys = ("packages", "numa_nodes", "physical_cores", "cores", "revision")
    rows = [[_link(one["machine"]), *(one[key] for key in keys), sum(one["facts"].values())] for one in machines]
    headers = ["machine", "packages", "NUMA nodes", "physical cores", "hardware threads", "revision", "facts"]
    nothing = element(
        "p", {"class_": "empty"}, "No machine yet. ", element("code", None, "skb load amd-4x4"), " loads a bundled one."
    )
    return page(
        "Machines",
        element("h1", None, "Machines"),
        element("p", {"class_": "lead"}, "What the knowledge base knows; each name leads to a drawing of the machine."),
        element("div", {"class_": "card"}, table(headers, rows, numbers_from=1) if rows else nothing),
        revision=document["revision"],
    )


def machine_page(document: Mapping[str, Any], drawing: str | None, machine: Topology | None) -> str:
    """One machine: figures, drawing, caches, memory, the distance between its packages."""
    name = document["machine"]
    figures = {
        "packages": len(document["packages"]),
        "NUMA nodes": len(document["numa_nodes"]),
        "physical cores": len(machine.physical_cores) if machine else 0,
        "hardware threads": len(document["cores"]),
        "facts": sum(document["facts"].values()),
    }
    nothing = element("p", {"class_": "empty"}, "Its facts describe no cores.")
    sections = [_caches(document["caches"]), _memory(document["numa_nodes"]), _hops(machine), _facts(document)]
    return page(
        name,
        element("h1", None, name),
        element("dl", {"class_": "figures"}, *(_figure(label, value) for label, value in figures.items())),
        element("div", {"class_": "card drawing"}, nothing if drawing is None else Markup(drawing)),
        element("div", {"class_": "columns"}, *(section for section in sections if section)),
        revision=document["revision"],
    )


def operations_page(schema: Mapping[str, Any]) -> str:
    """The operations of the service, from its OpenAPI document."""
    rows = [
        [element("span", {"class_": "method"}, method.upper()), element("code", None, path), _summary(operation)]
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return page(
        "HTTP interface",
        element("h1", None, "HTTP interface"),
        element(
            "p",
            {"class_": "lead"},
            "Every operation with its messages is described in ",
            element("a", {"href": "/openapi.json"}, "/openapi.json"),
            "; errors are problem documents (RFC 9457).",
        ),
        element("div", {"class_": "card"}, table(["method", "path", "what it does"], rows)),
    )


def missing_page(message: str) -> str:
    """What cannot be shown, in a sentence."""
    return page("Not found", element("h1", None, "Not here"), element("p", {"class_": "lead"}, message))


def page(title: str, *content: Child, revision: int | None = None) -> str:
    """A whole page around its content."""
    state = "" if revision is None else f"Revision {revision} of the store. "
    brand = element("a", {"class_": "brand", "href": "/"}, "System Knowledge Base")
    ways = {"/": "Machines", "/simulations": "Simulations", "/docs": "HTTP interface"}
    links = [element("a", {"href": way}, name) for way, name in ways.items()]
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, f"{title} · System Knowledge Base"),
        element("link", {"rel": "stylesheet", "href": "/style.css"}),
        element("link", {"rel": "icon", "href": "/icon.svg", "type": "image/svg+xml"}),
    )
    body = element(
        "body",
        None,
        element(
            "header",
            None,
            brand,
            element("nav", None, *links),
        ),
        element("main", None, *content),
        element("footer", None, state, "Served by this machine, for this machine."),
    )
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head, body)}"


def _link(machine: str) -> Markup:
    return element("a", {"href": f"/machines/{quote(machine, safe='')}"}, machine)


def _figure(label: str, value: int) -> Markup:
    return element("div", None, element("dt", None, label), element("dd", None, f"{value:,}"))


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]], numbers_from: int = 99) -> Markup:
    """Rows below their headers; columns from `numbers_from` on are numbers."""

    def kind(at: int) -> dict[str, Any]:
        return {"class_": "number"} if at >= numbers_from else {}

    head = element("tr", None, *(element("th", kind(at), header) for at, header in enumerate(headers)))
    body = [
        element("tr", None, *(element("td", kind(at), _cell(value)) for at, value in enumerate(row))) for row in rows
    ]
    return element("table", None, element("thead", None, head), element("tbody", None, *body))


def _cell(value: Any) -> Child:
    if isinstance(value, Markup):
        return value
    return f"{value:,}" if isinstance(value, int) else cell(value)


def _section(title: str, rows: Markup) -> Markup:
    return element("section", None, element("h2", None, title), element("div", {"class_": "card"}, rows))


def _caches(caches: Sequence[Mapping[str, Any]]) -> Markup | None:
    rows = [
        [f"L{one['level']} {one['type']}", one["count"], size(one["size_bytes"]), one["shared_by"]] for one in caches
    ]
    return _section("Caches", table(["cache", "number", "size", "shared by"], rows, 1)) if rows else None


def _memory(nodes: Sequence[Mapping[str, Any]]) -> Markup | None:
    rows = [[f"node {one['numa_node']}", size(one["bytes"]), format_cpu_list(one["cores"])] for one in nodes]
    return _section("Memory", table(["NUMA node", "size", "cores"], rows)) if rows else None


def _hops(machine: Topology | None) -> Markup | None:
    packages = sorted({package for pair in machine.hops for package in pair}) if machine else []
    if machine is None or len(packages) < 2:
        return None
    rows = [
        [f"package {source}", *(machine.hops.get((source, target), "-") for target in packages)] for source in packages
    ]
    return _section("Hops between packages", table(["", *map(str, packages)], rows, 1))


def _facts(document: Mapping[str, Any]) -> Markup:
    rows = [[element("code", None, relation), number] for relation, number in document["facts"].items()]
    return _section("Facts by relation", table(["relation", "facts"], rows, 1))


def _summary(operation: Mapping[str, Any]) -> str:
    return str(operation.get("description", "")).partition("\n")[0]
