"""The plan's own briefs are at hand for its tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
