"""The reader of hwloc XML exports."""
