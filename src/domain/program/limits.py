"""The limits of programs, each of which an error names. Rule: programs "Limits"."""

PROGRAM_BYTES = 256 * 1024
STEPS = 500
NESTING = 64
VALUE_BYTES = 256 * 1024
INTEGER_BITS = 4096
CALLS = 20_000
NODE_VISITS = 1_000_000
EXECUTION_VISITS = 100_000_000
"""Some two hundred seconds of computing for one credit: a hundred steps that compute until their own limit."""
WAIT_SECONDS = 30 * 24 * 60 * 60
EXECUTION_SECONDS = 60 * 24 * 60 * 60
