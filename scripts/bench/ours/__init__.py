"""The product's own handlers in processes of this machine, on a stub of AWS behind HTTP."""
