"""On which stores it is asked what may be seen, in a quick run and in a full one."""

import os
from typing import Final

IS_FULL: Final = os.environ.get("CRMKIT_FULL") == "1"
STORES: Final = ("memory", "sqlite", "postgresql", "mongodb")
NEAR: Final = STORES if IS_FULL else STORES[:2]
"""Every store in a full run, and those without a server in a quick one."""
