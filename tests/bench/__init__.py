"""What the functions cost in time of the processor. Figures are for reading: no test depends on them."""
