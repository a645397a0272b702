"""Our own synthesisers: the patches the styles name, the drum kits, and a stand-in for every
General MIDI program, so that music sounds with nothing installed."""
