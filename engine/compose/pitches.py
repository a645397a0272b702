"""Every pitch code, and its class from the tonic."""

import numpy as np

from engine.compose.codes import CODES, FIRST_PITCH, relative_class

PITCHES = np.arange(FIRST_PITCH, CODES)  # (pitches,) codes
CLASSES = np.array([relative_class(int(code)) for code in PITCHES])  # (pitches,) 0-11
