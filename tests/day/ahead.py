"""The connector's own command line, with a clock that is so many seconds ahead: ``ahead.py SECONDS COMMAND …``.

What waits for minutes in a shop, a write in doubt above all, is waited for by no test.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from unittest import mock

from connector import wiring
from connector.cli.exit import run


@dataclass(frozen=True)
class Ahead:
    """Stands where ``connector.wiring`` asks for the time."""

    by: timedelta

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.by


if __name__ == "__main__":
    with mock.patch.object(wiring, "datetime", Ahead(timedelta(seconds=float(sys.argv[1])))):
        sys.exit(run(sys.argv[2:]))
