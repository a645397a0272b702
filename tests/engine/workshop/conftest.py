"""Little pieces of our own are at hand for the workshop's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
