"""The notations themselves, a module for each family: text to a binding, and a binding to text."""
