"""From the text of a question to its answer."""

from skb.query.answer import Answer, Limits
from skb.snapshot import Snapshot


def ask(snapshot: Snapshot, goal: str, *, rules: str = "", limits: Limits | None = None) -> Answer:
    raise NotImplementedError
