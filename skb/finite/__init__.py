"""Finite-domain questions: variables over relations, constraints, optimisation, lowered to a constraint problem."""
