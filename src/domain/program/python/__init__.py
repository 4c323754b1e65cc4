"""Workflows written as Python: read into programs and written from them. Nothing of a source is ever run."""
