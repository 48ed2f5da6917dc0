"""Which version of the code made a result."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DISTRIBUTION = "system-knowledge-base"
ROOT = Path(__file__).resolve().parents[2]


def code_version() -> str:
    """The commit of the checkout that this code runs from, else the version of the installed package."""
    if (ROOT / ".git").exists():
        found = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=10
        )
        if found.returncode == 0:
            return found.stdout.strip()
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
