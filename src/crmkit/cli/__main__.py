"""Run the command as `python -m crmkit.cli`."""

import sys

from crmkit.cli import main

sys.exit(main())
