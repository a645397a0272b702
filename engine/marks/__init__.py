"""How a file says that a machine made it, in ways that programs can check.

A file's own texts are `engine.master.files`'; here are signed content credentials (C2PA) and the
labels that laws ask for by name.
"""
