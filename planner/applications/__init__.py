"""What is to be placed: dispatchers, the traffic between them, and the constraints on their cores."""
