"""Named records and coordination in the manner of Barrelfish's Octopus."""
