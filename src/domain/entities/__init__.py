"""The items of the table, one module for each kind: its keys, its attributes, and its conditions."""
