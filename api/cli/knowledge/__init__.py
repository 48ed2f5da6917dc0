"""Commands about machines, facts, goals and the store."""
