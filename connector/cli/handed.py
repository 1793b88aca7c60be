"""Work handed over to the running daemon, and waited for."""

from __future__ import annotations

from contextlib import closing
from threading import Event
from typing import Any

from connector.cli.call import Call
from connector.cli.exit import Exit
from connector.cli.work import working
from connector.ledger import lanes
from connector.ledger.engine import open_ledger
from connector.ledger.lock import AlreadyHeldError, EngineLock
from connector.parts import Parts
from connector.wiring import utc_now

#: How often a waiting command looks whether the daemon is done.
LOOK_S = 0.2


def hand_over(call: Call, command: str, options: dict[str, Any], held: AlreadyHeldError) -> int:
    """Ask the daemon to do it, and wait until it has; a holder that goes away meanwhile is told."""
    scope = call.scope
    asked = {
        "channels": sorted(scope.channels),
        "entities": sorted(scope.entities),
        "keys": list(scope.keys),
        **options,
    }
    with working(call) as parts:
        with parts.ledger.write() as session:
            id_ = lanes.hand_over(session, command, asked)
        request = _wait(call, parts, id_)
    report = request.report or {}
    failed = request.state == "failed"
    document = {"handed_over": True, "state": request.state, **report}
    told = (
        f"The daemon did it: {report.get('written', 0)} written." if not failed else f"It failed: {report.get('error')}"
    )
    call.out.show(document, lambda: call.out.line(told))
    if request.state == "waiting":
        raise held
    return Exit.LEFT_OVER if failed or report.get("errors") else Exit.DONE


def _wait(call: Call, parts: Parts, id_: int) -> lanes.Request:
    pause = Event()
    with closing(open_ledger(call.config.ledger_url, check=False)) as database:
        lock = EngineLock(database, now=utc_now)
        while True:
            with parts.ledger.read() as session:
                request = lanes.find_request(session, id_)
            if request.state in ("done", "failed") or lock.holder() is None:
                return request
            pause.wait(LOOK_S)
