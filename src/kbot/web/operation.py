"""What one process of the web app shares over all builds that it serves: the line, the limits, the counters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from kbot.web.health import Health
from kbot.web.limits import RateLimit
from kbot.web.line import Line
from kbot.web.metrics import Metrics

if TYPE_CHECKING:
    from kbot.settings import Settings


class Operation:
    """Made once a process. It holds numbers and hashed addresses, nothing of what anybody asked."""

    def __init__(self, settings: Settings, *, line: Line | None = None) -> None:
        """`line` stands in for the one that the settings describe."""
        self.line = line or Line(settings.waiting)
        self.rate = RateLimit(settings)
        # Where long messages that are refused are looked through for danger: one at a time, apart from all else.
        self.aside = ThreadPoolExecutor(1, thread_name_prefix="kbot-aside")
        self.health = Health()
        self.metrics = Metrics(self.line)

    def close(self) -> None:
        """Begin no more questions."""
        self.line.close()
        self.aside.shutdown(wait=False, cancel_futures=True)
