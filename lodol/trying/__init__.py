"""Tries workflows in this process: the product's own slices on a table in memory, a file answering for the world."""
