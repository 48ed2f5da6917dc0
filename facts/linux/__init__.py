"""The readers of what a Linux machine says about itself."""
