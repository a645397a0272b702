"""Reports: what the engine promises, measured on what it wrote, by readers of their own."""
