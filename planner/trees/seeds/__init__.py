"""Ways to build a tree at once: lookahead, and what others build."""
