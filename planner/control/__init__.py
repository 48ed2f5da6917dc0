"""What a machine has admitted for good: as facts, after runs have measured it, and after cores came or went."""
