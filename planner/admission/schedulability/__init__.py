"""Whether what is promised on a core can be kept: windows, demand, laxity."""
