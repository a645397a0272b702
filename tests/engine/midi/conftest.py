"""Bad files are at hand for the tests of whoever reads MIDI."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
