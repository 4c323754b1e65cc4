"""A day of load in minutes: all that may break breaks, and in the end everything is counted."""
