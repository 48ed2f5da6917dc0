"""The README's promises: its library example runs, its links lead somewhere, its commands exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_library_example_runs() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(program, "README.md", "exec"), names)  # our own text
    assert len(names["rows"]) == 16  # type: ignore[arg-type]
    assert names["decision"].admitted  # type: ignore[attr-defined]
    assert names["run"].to_json()["applications"]["barrier"]["misses"] == 0  # type: ignore[attr-defined]


def test_every_local_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_example_file_it_names_exists() -> None:
    named = set(re.findall(r"docs/examples/[\w.-]+\.\w+", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
