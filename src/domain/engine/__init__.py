"""Runs an execution's program: slices of it, its checkpoints, its journaled calls."""
