"""Sums of costs over all pairs of members, such as placements: recognised, searched as sets, or modelled as sets."""
