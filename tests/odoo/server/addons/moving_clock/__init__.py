"""Loaded by the server itself, with Odoo's Python: transactions, and answers, are dated by a clock that tests move.

Not a module of this project's Python. The file that the environment names holds the seconds that the clock is ahead.
"""

import os
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from odoo import sql_db

_AHEAD = Path(os.environ["MOVING_CLOCK"])
_began = sql_db.BaseCursor.now
_date_of = BaseHTTPRequestHandler.date_time_string


def _ahead() -> float:
    return float(_AHEAD.read_text() or 0)


def _now(cursor: Any) -> datetime:
    """When a transaction began, which the server asks once of each."""
    if cursor._now is None:
        cursor._now = _began(cursor) + timedelta(seconds=_ahead())
    now: datetime = cursor._now
    return now


def _date(handler: Any, timestamp: float | None = None) -> str:
    return _date_of(handler, (time.time() if timestamp is None else timestamp) + _ahead())


sql_db.BaseCursor.now = _now
BaseHTTPRequestHandler.date_time_string = _date
