"""Constraints on placements: which exchanges keep them, whether any placement does, which ones conflict."""
