"""The stock of files: what is kept, what is cleared away, and whether all of it is there."""
