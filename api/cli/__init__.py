"""The command line `skb`."""

from api.cli.entry import main

__all__ = ["main"]
