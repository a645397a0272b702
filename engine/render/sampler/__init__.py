"""Plays sampled instruments: a sound font is converted once, then its notes are made and added."""
