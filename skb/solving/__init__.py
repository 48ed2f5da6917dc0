"""Constraint problems as plain data, the engines that solve them, the independent check of what they answer."""
