"""Programs of a user's own, named in a scenario file by module and function."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from experiments.errors import ExperimentError
from experiments.files.fields import Fields

ACCEPTED = '"module:function", a function that takes the team and returns the program of each thread'


def read_program(fields: Fields) -> dict[str, str]:
    """The name, and the folder that the module may lie in.

    Code is loaded for a scenario with a folder alone: a file on this machine, or a text or mapping that a caller of the
    library has given one. What comes from elsewhere, over HTTP say, has none, and is refused.
    """
    name, folder = fields.text("program"), fields.source.folder
    if folder is None:
        raise fields.refuse("program", f"found {name!r}", "no program: code is run from files of this machine alone")
    found = {"program": name, "folder": str(folder)}
    try:
        load_program(name, folder)
    except ExperimentError as error:
        raise fields.refuse("program", error.message, ACCEPTED) from error
    return found


def load_program(name: str, folder: Path) -> Callable[..., Any]:
    """The function; its module is looked for in `folder` first. Raises ExperimentError where there is none."""
    module_name, _, function_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), function_name)):
        raise ExperimentError(f"found {name!r}")
    with _searching(folder):
        try:
            module = _import(module_name, folder)
        except (Exception, SystemExit) as error:  # its user's code: a mistake in what was asked
            said = f"{type(error).__name__}: {error}"
            raise ExperimentError(f"found {name!r}, whose module cannot be imported ({said})") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ExperimentError(f"found {name!r}, but {module_name} has no function {function_name}")
    return function  # type: ignore[no-any-return]


def _import(name: str, folder: Path) -> ModuleType:
    """A file of the folder is read anew each time, under no name that another folder's could have."""
    path = folder.resolve().joinpath(*name.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(name, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        return importlib.import_module(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _searching(folder: Path) -> Iterator[None]:
    """Modules are found in `folder`, too, meanwhile."""
    sys.path.insert(0, str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder.resolve()))
