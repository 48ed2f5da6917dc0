"""A CSV of results that survives a crash: header first, one line a row, each on disk before the next begins."""

import csv
import fcntl
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from experiments.errors import ExperimentError

Row = tuple[str, ...]


class ResultsFile:
    """The rows of one batch; the first `key_columns` columns say which run a row belongs to.

    Opening an existing file needs `resume`; a last line that was cut off is dropped. Raises ExperimentError where the
    file holds something else, or another process writes it.
    """

    def __init__(self, path: Path, header: Sequence[str], key_columns: int, *, resume: bool = False) -> None:
        self.path = path
        self.header = tuple(header)
        self._key_columns = key_columns
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "a+b", buffering=0)  # noqa: SIM115 - closed by close()
        try:
            self._lock()
            self.rows = self._take_over(resume)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "ResultsFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    @property
    def done(self) -> set[Row]:
        """The keys of the rows that are there."""
        return {row[: self._key_columns] for row in self.rows}

    def append(self, rows: Iterable[Row]) -> None:
        """Write rows and wait until they are on disk."""
        new = list(rows)
        if new:
            self._write(new)
            self.rows += new

    def _write(self, rows: Iterable[Row]) -> None:
        data = memoryview(_as_csv(rows))
        while data:
            data = data[self._file.write(data) :]
        os.fsync(self._file.fileno())

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ExperimentError(
                f"{self.path} is being written by another run; accepted: another output file, or wait",
                code="results_busy",
                details={"output": str(self.path)},
            ) from error

    def _take_over(self, resume: bool) -> list[Row]:
        whole, kept_bytes = read_whole_lines(self.path)
        if not whole:
            os.ftruncate(self._file.fileno(), 0)
            self._write([self.header])
            return []
        if whole[0] != self.header:
            raise self._refuse("results_differ", "holds the results of another batch", "another output file")
        if not resume:
            raise self._refuse("results_exist", f"holds {len(whole) - 1} results", "--resume, or another output file")
        os.ftruncate(self._file.fileno(), kept_bytes)
        for number, row in enumerate(whole, start=1):
            if len(row) != len(self.header):
                raise self._refuse("results_differ", f"has {len(row)} columns in line {number}", "another output file")
        return whole[1:]

    def _refuse(self, code: str, found: str, accepted: str) -> ExperimentError:
        return ExperimentError(
            f"{self.path} {found}; accepted: {accepted}", code=code, details={"output": str(self.path)}
        )


def read_whole_lines(path: Path) -> tuple[list[Row], int]:
    """The rows of a results file that were written to their end, header included, and their length in bytes."""
    data = path.read_bytes() if path.exists() else b""
    kept = data[: data.rfind(b"\n") + 1]
    text = kept.decode("utf-8", errors="replace")
    return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))], len(kept)


def _as_csv(rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()
