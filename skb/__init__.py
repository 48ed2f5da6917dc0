"""The System Knowledge Base: facts about machines, questions about them, constraints over them.

Names are imported on first use: `import skb` alone pays for neither SQLAlchemy nor ortools.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from skb.errors import SkbError

if TYPE_CHECKING:
    from skb.knowledge import KnowledgeBase, load
    from skb.query.answer import Answer, Limits
    from skb.snapshot import Snapshot
    from skb.solving.constraints import Problem
    from skb.store.store import Store
    from skb.terms import Compound, Real, String

_HOMES = {
    "Answer": "skb.query.answer",
    "Compound": "skb.terms",
    "KnowledgeBase": "skb.knowledge",
    "Limits": "skb.query.answer",
    "Problem": "skb.solving.constraints",
    "Real": "skb.terms",
    "Snapshot": "skb.snapshot",
    "Store": "skb.store.store",
    "String": "skb.terms",
    "load": "skb.knowledge",
}

__all__ = [
    "Answer",
    "Compound",
    "KnowledgeBase",
    "Limits",
    "Problem",
    "Real",
    "SkbError",
    "Snapshot",
    "Store",
    "String",
    "load",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'skb' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
