"""The refusals of the knowledge base: what was asked, what was found, what would be accepted.

Names say what is the case, as the codes do, so they carry no `Error` at the end.
"""

from collections.abc import Mapping


class SkbError(Exception):
    """Bad input: `code` names the kind, `details` carries the causes, `str(error)` is one sentence."""

    code = "refused"

    def __init__(self, message: str, *, code: str | None = None, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details: dict[str, object] = dict(details or {})


class QuerySyntaxError(SkbError):
    """Text that is not notation; details: line, column (both from 1)."""

    code = "syntax"

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}", details={"line": line, "column": column})


class UnknownRelation(SkbError):  # noqa: N818
    """A goal over a name that neither schema, facts nor rules know; details: relation."""

    code = "unknown_relation"


class NotStratified(SkbError):  # noqa: N818
    """A relation that depends on its own negation or aggregate; details: predicates, as "win/1"."""

    code = "not_stratified"


class UnsafeVariable(SkbError):  # noqa: N818
    """A variable that no positive goal binds; details: variables, rule."""

    code = "unsafe_variable"


class UnsupportedGoal(SkbError):  # noqa: N818
    """A construct of Prolog that is refused by name (cut, assert, ...); details: goal."""

    code = "unsupported"


class EvaluationError(SkbError):
    """Arithmetic that has no value: a division by zero, an atom as number, an integer beyond 64 bits."""

    code = "evaluation"


class TermError(SkbError):
    """A Python value that is no term, or a fact that cannot be stored."""

    code = "bad_fact"


class ProblemError(SkbError):
    """A constraint problem that is not well-formed or beyond the size that is solved."""

    code = "bad_problem"


class StoreError(SkbError):
    """A database that cannot be opened, read or written."""

    code = "store"


class UnknownMachine(StoreError):  # noqa: N818
    """A machine that the store does not hold; details: machine, known."""

    code = "unknown_machine"


class UnknownRevision(StoreError):  # noqa: N818
    """A revision that the store has not reached, or no longer keeps; details: asked, current."""

    code = "unknown_revision"


class RevisionConflict(StoreError):  # noqa: N818
    """A compare-and-set that lost; details: expected, found."""

    code = "revision_conflict"


class RecordError(StoreError):
    """A request over records that is refused; the codes are Octopus's.

    no_record, no_record_name, constraint_mismatch, query_size, parser_fail; and `timeout` for a wait that ended.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code=code)
