"""Telling who asked of every change that matches a pattern, once and in order."""
