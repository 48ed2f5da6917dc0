"""The text of facts, rules and goals: read into terms, written back."""
