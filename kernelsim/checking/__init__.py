"""What must be so for a scenario to be run; everything else is refused, saying what would be accepted."""
