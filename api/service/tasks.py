"""The tasks of a child process: reads one from stdin, writes its answer on stdout."""

import os
import pickle
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any

from api.failures import failure_of
from api.json_text import plain
from api.service.child import MOST_BYTES


def simulate(scenario: dict[str, Any], known: tuple[str, int, list[tuple[Any, ...]]] | None) -> dict[str, Any]:
    """Run a scenario; `known` are name, revision and facts of the machine as the store has it."""
    import skb
    from experiments.errors import NotAdmitted
    from experiments.simulation import run_scenario

    knowledge = None if known is None else skb.load(known[2], machine=known[0])
    try:
        document = run_scenario(scenario, knowledge=knowledge).to_json()
    except NotAdmitted as refused:
        return {"admitted": False, "refusal": refused.details.get("refusal"), "message": refused.message}
    return document if known is None else {**document, "revision": known[1]}


TASKS: Mapping[str, Callable[..., Any]] = {"simulate": simulate}


def main() -> None:
    """Answer with (True, document) or (False, (code, message, details, fault))."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    task, arguments = pickle.load(sys.stdin.buffer)
    with os.fdopen(os.dup(1), "wb") as answer_to:
        os.dup2(2, 1)
        try:
            answer: tuple[bool, Any] = (True, plain(TASKS[task](*arguments)))
        except Exception as error:  # told to the parent, which knows whom to tell
            failure = failure_of(error)
            answer = (False, (failure.code, failure.message, plain(failure.details), failure.fault))
        pickle.dump(answer, answer_to)


if __name__ == "__main__":
    main()
