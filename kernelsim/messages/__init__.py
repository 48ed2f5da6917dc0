"""How cores speak: LMP within one, UMP between two."""
