"""Where the store lies when nobody says."""

import os
from pathlib import Path


def default_database() -> str:
    """SQLite in the user's data folder (XDG_DATA_HOME, else ~/.local/share)."""
    stated = os.environ.get("XDG_DATA_HOME", "")
    folder = Path(stated) if Path(stated).is_absolute() else Path.home() / ".local" / "share"
    return f"sqlite:///{folder / 'skb' / 'skb.sqlite'}"
