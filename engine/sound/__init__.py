"""What rendering and mastering both need: linear filters and loudness."""
