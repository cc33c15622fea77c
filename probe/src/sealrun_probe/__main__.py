"""``python -m sealrun_probe``, for a checkout where nothing is installed."""

import sys

from sealrun_probe.main import main

sys.exit(main())
