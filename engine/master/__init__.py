"""Masters stems to the asked loudness and true peak, writes the files and hears them again."""

from engine.master.mastering import Master, master

__all__ = ["Master", "master"]
