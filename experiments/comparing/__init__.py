"""What was believed, predicted or placed otherwise beside what a simulation measures."""
