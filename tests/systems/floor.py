"""Stand-ins of real systems in this process, spoken to over HTTP, and the connector with a real ledger between them.

What the connector reads and writes goes through its adapters; what people do, and what is looked at
afterwards, goes through the stand-ins' control interface alone.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from connector.config import load_config
from connector.ledger import holds, records
from connector.ledger.holds import StoredConflict
from connector.mapping.lens import EntityMapping
from connector.model.entity import Entity
from connector.model.record import Known
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import Report, read_facts, run_round
from connector.verify import Difference, verify_lane
from connector.wiring import assembled
from sandbox import exact_online, lightspeed_x, magento2
from sandbox.numbers import read_json, write_json
from sandbox.shop.words import GROUPS, LOCATIONS
from sandbox.stand import Options, Stand
from simulator.chain import new_ledger

BUILDERS = {"exact_online": exact_online.build, "magento2": magento2.build, "lightspeed_x": lightspeed_x.build}
#: What each kind of system calls the one list of prices.
LISTS = {"exact_online": "sales", "magento2": "base", "lightspeed_x": "BASE"}
#: What a stand-in tells of itself and a configuration needs: plain, and secret by the option's name.
OPTIONS = {"exact_online": ("division", "client_id", "redirect_uri"), "magento2": (), "lightspeed_x": ()}
SECRETS = {
    "exact_online": {"client_secret": "client_secret", "refresh_token": "refresh_token"},
    "magento2": {"token": "bearer"},
    "lightspeed_x": {"token": "token"},
}
#: Kind of system → what a shop has to fill in.
PLAIN = {
    "exact_online": """
vat_codes = {{ standard = "4", reduced = "2", zero = "0" }}
prices = "included"
""",
    "magento2": """
prices = "included"
tax_classes = {{ standard = "{standard}", reduced = "{reduced}", zero = "{zero}" }}
brand_attribute = "brand"
barcode_attribute = "barcode"
street_style = "lines"
""",
    "lightspeed_x": """
prices = "included"
taxes = {{ standard = "Hoog 21%", reduced = "Laag 9%", zero = "Nul 0%" }}
vat_number_field = "custom_field_2"
""",
}
#: So many rounds settle anything that can be settled.
ROUNDS = 8
#: Nothing but a change is written, whatever a write is called.
WRITING = ("POST", "PUT", "PATCH", "DELETE")
#: Calls that read although their method writes.
READING = ("information", "inventory", "token", "search", "by-sku")
TIMEOUT_S = 30


class System:
    """One running stand-in, under the name of its channel."""

    def __init__(self, channel: str, stand: Stand) -> None:
        self.channel = channel
        self.stand = stand
        self.stand.start()
        self.told: Mapping[str, Any] = stand.announce()
        self.kind = str(self.told["adapter"])

    def edit(self, verb: str, **change: Any) -> dict[str, Any]:
        """Do what a user of this system would do; answers what changed."""
        return dict(self.control("POST", "edit", {"do": verb, **change}))

    def state(self) -> dict[str, Any]:
        """Everything it holds, numbers exact."""
        return dict(self.control("GET", "state"))

    def pass_(self, seconds: float) -> None:
        self.stand.clock.advance(seconds)

    def forget_calls(self) -> None:
        self.control("DELETE", "calls")

    def written(self) -> Counter[str]:
        """Calls that changed something since they were last forgotten, by method and path."""
        counted: Mapping[str, int] = self.control("GET", "calls")["counters"]
        changing = {
            call: count
            for call, count in counted.items()
            if call.startswith(WRITING) and not any(word in call for word in READING)
        }
        return Counter(changing)

    def get(self, path: str, **headers: str) -> Any:
        """Read through the system's own interface, as a technician with a browser would."""
        answer = requests.get(f"{self.told['url']}{path}", headers=headers, timeout=TIMEOUT_S)
        assert 200 == answer.status_code, answer.text
        return read_json(answer.content)

    def control(self, method: str, what: str, body: Any = None) -> Any:
        given = None if body is None else write_json(body).encode()
        answer = requests.request(method, f"{self.told['control']}{what}", data=given, timeout=TIMEOUT_S)
        assert 200 == answer.status_code, f"{self.channel}: {what} {body}: {answer.text}"
        return read_json(answer.content)


@dataclass
class Floor:
    """The systems, our clock, and the connector between them."""

    systems: Mapping[str, System]
    parts: Parts
    ahead: list[timedelta]

    def match(self) -> None:
        """Read everything, and approve what matches."""
        report = Report()
        lanes = self.parts.lanes(Scope())
        read_facts(self.parts, Scope(), report)
        for lane in lanes:
            observe(self.parts, lane)
        approve(self.parts, lanes)
        assert {} == report.errors

    def pass_(self, seconds: float) -> None:
        """Time goes by, for the systems as for us."""
        self.ahead[0] += timedelta(seconds=seconds)
        for system in self.systems.values():
            system.pass_(seconds)

    def sync(self) -> Report:
        """One round, a minute after what was before it."""
        self.pass_(60)
        return run_round(self.parts, Scope())

    def settle(self) -> list[Report]:
        """Rounds until one writes nothing; no system refuses to be spoken to."""
        reports: list[Report] = []
        while len(reports) < ROUNDS:
            reports.append(self.sync())
            assert {} == reports[-1].errors
            if not reports[-1].written:
                return reports
        raise AssertionError([{lane: dict(one.outcomes) for lane, one in r.delivered.items()} for r in reports[-3:]])

    def quiet_round(self) -> dict[str, Counter[str]]:
        """What one more round writes, by channel; its report must say the same."""
        for system in self.systems.values():
            system.forget_calls()
        report = self.sync()
        assert ({}, 0) == (report.errors, report.written)
        return {name: written for name, system in self.systems.items() if (written := system.written())}

    def differences(self) -> list[Difference]:
        """What ``connector verify`` finds on all lanes."""
        return [found for lane in self.parts.lanes(Scope()) for found in verify_lane(self.parts, lane).differences]

    def conflicts(self) -> list[StoredConflict]:
        with self.parts.ledger.read() as session:
            return holds.conflicts(session)

    def known(self, entity: Entity, key: str, place: str = "") -> Known:
        """One record of the ledger; prices and stock by their product's key, and the row's own."""
        with self.parts.ledger.read() as session:
            ids = records.record_ids(session, Entity.PRODUCT if place else entity, key)
            assert 1 == len(ids), f"{entity} {key!r} is there {len(ids)} times"
            if place:
                found = records.load(session, records.dependents(session, entity, ids)[ids[0]])
                return next(one for one in found.values() if one.record.key == place)
            return records.load(session, ids)[ids[0]]

    def load(self, id_: int) -> Known:
        """A record of the ledger by its own id."""
        with self.parts.ledger.read() as session:
            return records.load(session, [id_])[id_]

    def mapping(self, channel: str, entity: Entity) -> EntityMapping:
        return self.parts.topology.sides[channel].mappings[entity]


@contextmanager
def opened(
    folder: Path, kinds: Mapping[str, str], settings: Mapping[str, str], sync: str, products: int, customers: int
) -> Iterator[Floor]:
    """Stand-ins by channel name, and a connector whose channels match them.

    Args:
        kinds: channel → the kind of system behind it.
        settings: kind → what a shop fills in, as lines of TOML.
        sync: the ``[sync]`` tables.
    """
    options = Options(profile="demo", limits=False, products=products, customers=customers)
    with ExitStack() as stack:
        systems: dict[str, System] = {}
        for channel, kind in kinds.items():
            systems[channel] = System(channel, BUILDERS[kind](options))
            stack.callback(systems[channel].stand.close)
        ahead = [timedelta(0)]
        text = _config(systems, settings, sync)
        yield Floor(systems, stack.enter_context(_connector(folder, text, systems, ahead)), ahead)


@contextmanager
def _connector(folder: Path, text: str, systems: Mapping[str, System], ahead: Sequence[timedelta]) -> Iterator[Parts]:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    shutil.copyfile(new_ledger(), folder / "ledger.db")

    def now() -> datetime:
        return datetime.now(UTC) + ahead[0]

    config = load_config(folder / "config.toml", environ=environment(systems))
    with assembled(config, now=now) as parts:
        yield parts


def _config(systems: Mapping[str, System], settings: Mapping[str, str], sync: str) -> str:
    """A configuration file of these channels, the chain's places and its one list of prices."""
    tables = ['[connector]\nledger = "sqlite:///ledger.db"\ntimezone = "Europe/Amsterdam"']
    tables += [channel_tables(system, settings[system.kind]) for system in systems.values()]
    for place in LOCATIONS:
        codes = {name: place.codes[one.kind] for name, one in systems.items() if one.kind in place.codes}
        tables.append(f"[locations.{place.code}]\n" + as_lines(codes))
    lists = {name: LISTS[one.kind] for name, one in systems.items()}
    tables.append('[prices.retail]\ncurrency = "EUR"\nvat = "included"\nscale = 2\n' + as_lines(lists))
    return "\n\n".join((*tables, sync))


def channel_tables(system: System, settings: str) -> str:
    """One channel's tables; secrets are named, and stand in the environment."""
    plain = {name: system.told[name] for name in OPTIONS[system.kind]}
    secret = {name: f"env:{variable}" for name, variable in _variables(system).items()}
    own = {"adapter": system.kind, "base_url": system.told["url"]} | plain | secret
    if system.kind == "magento2":
        own["website"] = "base"
    head = f"[channels.{system.channel}]\n{as_lines(own)}\n"
    return f"{head}[channels.{system.channel}.settings]\n{settings.format(**_ids(system))}"


def _variables(system: System) -> dict[str, str]:
    """The options that are secrets, and the variables that hold them."""
    return {name: f"{system.channel}_{name}".upper() for name in SECRETS[system.kind]}


def environment(systems: Mapping[str, System]) -> dict[str, str]:
    """The secrets, by the variables that the configuration names."""
    return {
        variable: str(one.told[SECRETS[one.kind][name]])
        for one in systems.values()
        for name, variable in _variables(one).items()
    }


def as_lines(values: Mapping[str, Any]) -> str:
    """Names and values as lines of a TOML table."""
    return "\n".join(
        f"{name} = {value if isinstance(value, int) else repr(str(value))}" for name, value in values.items()
    )


def _ids(system: System) -> dict[str, str]:
    """Ids that differ from shop to shop, by what the shop calls them: looked up, as in its back office."""
    if system.kind == "exact_online":
        (listed,) = system.state()["sales/SalesPriceLists"]
        return {"dealers": listed["ID"]}
    if system.kind == "lightspeed_x":
        return {"groups": ", ".join(f'"{code}" = "{name}"' for code, name in GROUPS.items())}
    classes = {one["class_name"]: one["class_id"] for one in system.state()["tax_classes"]}
    return {"standard": classes["Taxable Goods"], "reduced": classes["Reduced"], "zero": classes["Zero rate"]}
