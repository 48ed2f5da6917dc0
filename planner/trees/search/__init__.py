"""Ways to find better trees: proof by subsets, annealing, repair of an earlier tree."""
