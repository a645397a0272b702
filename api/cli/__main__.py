"""``python -m api.cli``, where the command is not installed."""

import sys

from api.cli import main

sys.exit(main())
