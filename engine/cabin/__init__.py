"""The sounds of a car: one motif and one character become the voices of a dozen functions."""
