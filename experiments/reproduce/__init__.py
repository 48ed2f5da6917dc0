"""The published results again: what the dissertation says, what our mechanisms give, and what breaks them."""

from experiments.reproduce.catalogue import CATALOGUE, reproduce
from experiments.reproduce.page import write_page
from experiments.reproduce.row import Ablation, Claim, Row

__all__ = ["CATALOGUE", "Ablation", "Claim", "Row", "reproduce", "write_page"]
