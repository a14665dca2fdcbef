"""The clock of this machine; nothing else in the package reads one."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Tells this machine's time."""

    def now(self) -> datetime:
        """Return the present instant, in UTC, to the millisecond."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
