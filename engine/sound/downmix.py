"""A file of four or six channels as it sounds from two loudspeakers, or from one.

After ITU-R BS.775: centre and rear go to both sides 3 dB lower, the low-frequency channel is left
out. Channels come in the order of `engine.contracts.Channels`.
"""

import numpy as np
from numpy.typing import NDArray

from engine.sound.filters import beside, middle

Sound = NDArray[np.floating]
LFE = 3  # of six
_LESS = np.float32(0.5**0.5)


def stereo(sound: Sound) -> Sound:
    """(frames, 1, 2, 4 or 6) as (frames, 2); a mono sound on both sides."""
    channels = sound.shape[1]
    if channels == 1:
        return beside(sound[:, 0], sound[:, 0])
    if channels == 2:
        return sound
    sides = [sound[:, front] + _LESS * sound[:, channels - 2 + front] for front in (0, 1)]
    if channels == 6:
        centre = _LESS * sound[:, 2]
        sides = [side + centre for side in sides]
    return beside(*sides)


def mono(sound: Sound) -> Sound:
    """The same from one loudspeaker, (frames,)."""
    return sound[:, 0] if sound.shape[1] == 1 else middle(stereo(sound))
