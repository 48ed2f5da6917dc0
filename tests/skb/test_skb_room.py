"""The room's door: what it offers, and what importing it must not cost."""

import subprocess
import sys

import pytest

import skb
from skb.errors import UnknownRelation


def test_importing_the_room_loads_neither_database_nor_solver() -> None:
    code = (
        "import sys, skb; print(sorted(set(sys.modules) & {'sqlalchemy', 'ortools', 'alembic', 'constraint', 'numpy'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_plain_question_over_facts_alone_loads_neither_database_nor_solver() -> None:
    code = (
        "import sys, skb; from skb.asking import ask;"
        "ask(skb.Snapshot.of_facts([('link', ('a', 'b'), 'static', '')]), 'link(X, Y)');"
        "print(sorted(set(sys.modules) & {'sqlalchemy', 'ortools', 'alembic', 'constraint', 'numpy'}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_name_on_offer_is_there() -> None:
    for name in skb.__all__:
        assert getattr(skb, name) is not None


def test_an_answer_is_walked_and_counted_by_its_rows() -> None:
    from skb.asking import ask

    facts = [("link", ("a", "b"), "static", ""), ("link", ("b", "c"), "static", "")]
    rows = ask(skb.Snapshot.of_facts(facts), "link(X, Y)")
    assert len(rows) == 2
    assert [x for x, _ in rows] == ["a", "b"]


def test_a_relation_like_no_other_is_answered_with_what_would_be_accepted() -> None:
    from skb.asking import ask

    with pytest.raises(UnknownRelation, match="zzzzzz/1 is unknown; one that schema, facts or rules name is accepted"):
        ask(skb.Snapshot.of_facts([("link", ("a", "b"), "static", "")]), "zzzzzz(X)")
