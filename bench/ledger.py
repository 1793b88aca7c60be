"""What the ledger costs: CPU per unchanged row of a listing, and bytes per linked record.

    python -m bench.ledger [RECORDS]

Two memory systems with the fields of a real product mapping, everything linked; then the whole
catalogue is listed again, which is what most rounds consist of.
"""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog

from adapters import memory
from connector.config import load_config
from connector.contract import Page, Row
from connector.ledger.engine import sqlite_driver
from connector.model.entity import Entity
from connector.observe.first_contact import approve
from connector.observe.intake import take_page
from connector.observe.reading import Reading
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.wiring import assembled

PAGE = 100

CONFIG = """
[connector]
ledger = "sqlite:///ledger.db"
timezone = "Europe/Amsterdam"
[channels.erp]
adapter = "memory"
world = "erp"
mapping = "plain.toml"
[channels.shop]
adapter = "memory"
world = "shop"
mapping = "plain.toml"
[sync.product]
channels = ["erp", "shop"]
owner = "erp"
"""

MAPPING = """
format = 1
adapter = "memory"
[product.fields]
sku = { remote = "sku", write = "create" }
name = { remote = "name" }
summary = { remote = "summary" }
description = { remote = "texts.description", convert = ["text"] }
barcode = { remote = "codes.barcode" }
active = { remote = "active" }
sell_online = { remote = "online" }
vat_class = { remote = "vat" }
unit = { remote = "unit" }
weight = { remote = "weight" }
brand = { remote = "brand" }
categories = { remote = "categories" }
"""


SENTENCE = (
    "wol trui katoen blauw mêlée zacht warm winter zomer handgemaakt fabriek klein groot maat lengte mouwen hals rond "
    "kraag knopen rits zakken voering was graden droog strijken niet bleken natuurlijk duurzaam Nederland België "
    "levering voorraad kleur rood groen navy zwart wit grijs beige"
)
WORDS = SENTENCE.split()


def text(number: int) -> str:
    """Some four hundred characters that nobody wrote twice."""
    drawn = random.Random(number)
    return " ".join(drawn.choice(WORDS) for _ in range(65))


def product(number: int) -> dict[str, object]:
    """A product as shops have them: a long text, a short one, codes, flags and a number."""
    return {
        "sku": f"WT-{number:06d}/BL M",
        "name": f"Wollen trui met ronde hals, blauw mêlée {number}",
        "summary": "Warm en zacht, voor koude dagen",
        "texts": {"description": text(number)},
        "codes": {"barcode": f"952{number:010d}"},
        "active": True,
        "online": number % 7 != 0,
        "vat": "standard",
        "unit": "piece",
        "weight": Decimal("0.4500"),
        "brand": "Fjordwol",
        "categories": ["Kleding", "Kleding/Truien"],
        "not_mapped": "x" * 200,
    }


@contextmanager
def filled(records: int) -> Iterator[tuple[Parts, Path]]:
    """A ledger with so many products, linked on two channels."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(CONFIG)
        (folder / "plain.toml").write_text(MAPPING)
        adapters: dict[str, Any] = {"memory": memory.Adapter}
        config = load_config(folder / "config.toml", adapters=adapters)
        with assembled(config, stop=threading.Event(), adapters=adapters) as parts:
            for channel in ("erp", "shop"):
                for start in range(0, records, PAGE):
                    take(parts, channel, range(start, min(start + PAGE, records)))
            approve(parts, [parts.lane(channel, Entity.PRODUCT) for channel in ("erp", "shop")])
            yield parts, folder / "ledger.db"


def take(parts: Parts, channel: str, numbers: range) -> float:
    """One page into the ledger; answers the seconds of CPU it took."""
    rows = [Row(f"{channel}-{number}", product(number), version="1") for number in numbers]
    sequence, lane = parts.ledger.current_sequence(), Lane(parts.topology.sides[channel], Entity.PRODUCT)
    page = Page(rows, datetime.now(UTC))
    began = time.process_time()
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        take_page(workspace, Reading(lane, sequence, page.began_at, None), page)
    return time.process_time() - began


def main(records: int) -> None:
    began = time.process_time()
    with filled(records) as (parts, path):
        linked = time.process_time() - began
        starts = range(0, records, PAGE)
        spent = sorted(take(parts, "shop", range(start, min(start + PAGE, records))) for start in starts)
        size = without_history(path)
    print(f"records linked on two channels   {records:>10,}")
    print(f"CPU to read, match and link one  {linked / records * 1e6:>10,.0f} µs")
    print(f"CPU per unchanged row            {spent[len(spent) // 2] / PAGE * 1e6:>10,.1f} µs (the median page's)")
    print(f"bytes per linked record          {size / records:>10,.0f}")


def without_history(path: Path) -> int:
    """Bytes of the ledger without the history, which grows with what happens and not with what is linked."""
    with closing(sqlite_driver().connect(path, isolation_level=None)) as ledger:
        ledger.execute("DELETE FROM history")
        ledger.execute("VACUUM")
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = ledger.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    return int(size)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
