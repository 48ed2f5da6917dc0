"""Machine descriptions that ship with the project, and readers that turn the outside world into facts.

>>> import facts
>>> facts.read("synthetic:pack:2 core:4 pu:2").objects["PU"]
16
>>> "amd-4x4" in facts.bundled()
True
"""

from facts.hwloc.export import to_hwloc_xml
from facts.reading import Anomaly, Compound, Fact, ReadError, Reading
from facts.recognise import bundled, read

__all__ = ["Anomaly", "Compound", "Fact", "ReadError", "Reading", "bundled", "read", "to_hwloc_xml"]
