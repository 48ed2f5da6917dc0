"""What was believed or predicted beside what a simulation measures."""
