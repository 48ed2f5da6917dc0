"""Locations as a tree of clusters, by average linkage of their distances."""

from typing import TypeAlias

from planner.machine.linkage import average_linkage
from planner.placement.problem import Matrix

Tree: TypeAlias = "int | list[Tree]"
"""A location, or the clusters that make up a cluster."""


def location_tree(distance: Matrix, flatten: float) -> Tree:
    """Merge the two nearest clusters, by mean distance, until one is left; O(locations^2) and little more.

    A merge at no more than `flatten` times the distance inside one of the two adds to that one: measured
    distances within a cache differ a little, and make no levels.
    """
    trees: list[Tree] = list(range(len(distance)))
    heights = [0.0] * len(distance)
    for merge in average_linkage(distance):
        parts: list[Tree] = []
        for cluster in (merge.kept, merge.absorbed):
            tree = trees[cluster]
            is_apart = merge.height > heights[cluster] * flatten
            parts += [tree] if isinstance(tree, int) or is_apart else tree
        trees[merge.kept], heights[merge.kept] = parts, merge.height
    return trees[0]


def leaves(tree: Tree) -> list[int]:
    """Locations from left to right."""
    return [tree] if isinstance(tree, int) else [leaf for child in tree for leaf in leaves(child)]
