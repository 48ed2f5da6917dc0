"""Beyond the published machines: curves to 1,024 simulated cores, and what breaks first on the way."""

from experiments.beyond.catalogue import FINDINGS, find
from experiments.beyond.finding import Finding
from experiments.beyond.page import page_text, write_page

__all__ = ["FINDINGS", "Finding", "find", "page_text", "write_page"]
