"""Questions over a snapshot: rules, conjunctive goals, aggregates, finite-domain constraints."""
