"""Pictures of a trace: for Perfetto, for a spreadsheet, and for the eye."""

from kernelsim.pictures.aquarium import svg
from kernelsim.pictures.perfetto import chrome_trace
from kernelsim.pictures.records import csv

__all__ = ["chrome_trace", "csv", "svg"]
