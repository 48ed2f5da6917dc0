"""Work in a process of its own, with a limit on time and memory."""

import pickle
import subprocess
import sys
from typing import Any

from api.failures import BadRequest, TimeIsUp

START_UP_S = 10.0
MOST_BYTES = 4 * 1024**3


def run_in_child(task: str, arguments: tuple[Any, ...], seconds: float) -> Any:
    """What a task of `api.service.tasks` answers. Raises TimeIsUp, and its refusals as BadRequest.

    Both ends of the pipe are ours, so pickled values may go through it.
    """
    command = [sys.executable, "-m", "api.service.tasks"]
    try:
        done = subprocess.run(
            command,
            input=pickle.dumps((task, arguments)),
            capture_output=True,
            timeout=seconds + START_UP_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeIsUp(
            f"the work was ended after {seconds:g} s; less of it is accepted", details={"seconds": seconds}
        ) from error
    if done.returncode != 0:
        raise TimeIsUp(
            f"the work was ended by the system (code {done.returncode}), most likely for lack of memory; "
            "less of it is accepted",
            code="memory_limit",
        )
    return _unpack(done.stdout)


def _unpack(data: bytes) -> Any:
    is_answer, content = pickle.loads(data)
    if is_answer:
        return content
    code, message, details, fault = content
    if fault == "ours":
        raise RuntimeError(f"{code}: {message}")
    raise BadRequest(message, code=code, details=details)
