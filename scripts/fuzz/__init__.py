"""Tries the readers of what comes in with inputs that coverage guides: `make fuzz` (docs/security.md)."""
