"""Release times found rather than picked: planners with guaranteed time, and by when the last of them knows a phase."""
