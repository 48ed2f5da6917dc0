"""The page about programs: what its examples print is what stands below them."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "programs.md").read_text()


def test_every_example_prints_what_stands_below_it() -> None:
    examples = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) == PAGE.count("```python") > 3
    names: dict[str, Any] = {}
    for program, expected in examples:
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(program, "programs.md", "exec"), names)  # our own text
        assert printed.getvalue() == expected


def test_every_file_that_the_page_names_exists() -> None:
    room = Path(__file__).resolve().parents[2] / "kernelsim" / "programs"
    named = set(re.findall(r"`(\w+(?:/\w+)*\.py)`", PAGE))
    assert len(named) > 4
    for file in named:
        assert (room / file).exists() or (room.parents[1] / file).exists(), file
