"""When a lane is due. APScheduler only says *when*: its jobs ring a bell, workers do the work.

Nothing is kept in it but times that come from the configuration, so nothing is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.model.entity import Entity

#: Rings for a look (False) or a sweep (True) of one lane.
Ring = Callable[[str, Entity, bool], None]

#: An interval that moved by less is left as it is.
SLACK: Final = 0.1


@dataclass(frozen=True)
class Due:
    """One lane's times: the seconds between two looks, and the time of day of its sweep."""

    channel: str
    entity: Entity
    every_s: float
    sweep: time | None


class Timetable:
    """Rings when a lane is due: all at once when it starts, then each in its own time."""

    def __init__(self, lanes: Iterable[Due], zone: ZoneInfo, ring: Ring) -> None:
        self._ring = ring
        self._zone = zone
        self._lanes = list(lanes)
        self._intervals = {(due.channel, due.entity): due.every_s for due in self._lanes}
        self._scheduler: Any = BackgroundScheduler(
            timezone=zone,
            daemon=True,
            executors={"default": ThreadPoolExecutor(1)},
            # None: a job that comes late is run late. By default one second late means never.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        self._rebuild()
        self._scheduler.start()

    def stop(self) -> None:
        """No bell rings after this; one that is ringing ends first."""
        self._scheduler.shutdown(wait=True)

    def restart(self) -> None:
        """The wall clock jumped: times to come are reckoned anew, and everything is due now."""
        self._rebuild()

    def interval_s(self, channel: str, entity: Entity) -> float:
        return self._intervals[channel, entity]

    def pace(self, channel: str, intervals: dict[Entity, float]) -> bool:
        """Look at these lanes so often from now on; answers whether that is another pace."""
        moved = False
        for entity, seconds in intervals.items():
            before = self._intervals[channel, entity]
            if abs(seconds - before) > SLACK * before:
                self._intervals[channel, entity] = seconds
                self._scheduler.reschedule_job(_name(channel, entity), trigger=self._trigger(seconds))
                moved = True
        return moved

    def _rebuild(self) -> None:
        now = datetime.now(self._zone)
        for due in self._lanes:
            self._add(due, False, self._trigger(self._intervals[due.channel, due.entity]), next_run_time=now)
            if due.sweep is not None:
                at = CronTrigger(hour=due.sweep.hour, minute=due.sweep.minute, timezone=self._zone)
                self._add(due, True, at)

    def _add(self, due: Due, sweep: bool, trigger: Any, **when: Any) -> None:
        name = _name(due.channel, due.entity) + (" sweep" if sweep else "")
        arguments = [due.channel, due.entity, sweep]
        self._scheduler.add_job(self._ring, trigger, arguments, id=name, replace_existing=True, **when)

    def _trigger(self, seconds: float) -> IntervalTrigger:
        after = datetime.now(self._zone) + timedelta(seconds=seconds)
        return IntervalTrigger(seconds=max(1, round(seconds)), start_date=after, timezone=self._zone)


def _name(channel: str, entity: Entity) -> str:
    return f"{channel}/{entity.value}"
