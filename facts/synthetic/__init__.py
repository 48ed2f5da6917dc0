"""The reader of hwloc's synthetic descriptions."""
