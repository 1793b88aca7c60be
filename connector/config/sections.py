"""One method per table of config.toml: written → validated → what it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from connector.config import schema
from connector.config.model import Brakes, ChannelConfig, Config, FieldPolicy, StockSettings, SyncConfig, View
from connector.config.policy import canonical_name
from connector.config.secrets import Environment, Resolver, is_reference
from connector.contract import AdapterType
from connector.mapping.shipped import shipped_mapping
from connector.model.entity import Entity, Location, PriceList
from connector.toml_lines import Path as KeyPath
from connector.toml_report import Report

_CHANNEL_KEYS: Final = frozenset(schema.ChannelTable.model_fields)
_SQLITE: Final = re.compile(r"sqlite:///(?P<file>[^?]+)")


class Reader:
    """Reads the tables; what is wrong goes into the report, and what is right is still read."""

    def __init__(
        self,
        path: Path,
        tables: Mapping[str, Any],
        report: Report,
        environment: Environment,
        adapters: Mapping[str, AdapterType],
    ) -> None:
        self._path = path.absolute()
        self._tables = tables
        self._report = report
        self._environment = environment
        self._adapters = adapters

    def config(self) -> Config:
        """The configuration, made of what can be used; whole only if the report stays empty."""
        self._top()
        at = ("connector",)
        base = self._report.validated(schema.ConnectorTable, self._tables.get("connector", {}), at)
        base = base or schema.ConnectorTable()
        channels = {name: channel for name, table in self._named("channels") if (channel := self._channel(name, table))}
        return Config(
            path=self._path,
            ledger_url=self._ledger_url(base.ledger),
            timezone=base.timezone,
            country=base.country,
            listen=base.listen,
            channels=channels,
            locations=dict(self._locations()),
            prices=dict(self._prices()),
            sync=dict(self._sync()),
            brakes=self._brakes(),
            alerts=self._alerts(),
        )

    def _top(self) -> None:
        for name in self._tables:
            if name not in schema.TOP:
                self._report.unknown((name,), "table", name, schema.TOP)
        if not self._tables.get("channels"):
            self._report.add(("channels",), "no channel is configured", "add a table [channels.NAME] for each system")

    def _named(self, *at: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The tables below a table, by name; whatever else stands there is reported."""
        found: Any = self._tables
        for name in at:
            found = found.get(name, {})
        if not isinstance(found, dict):
            self._report.add(at, f"{'.'.join(at)} must be a table")
            return
        for name, table in found.items():
            if isinstance(table, dict):
                yield name, table
            else:
                self._report.add((*at, name), f"{'.'.join(at)}.{name} must be a table")

    # The ledger ------------------------------------------------------------------------------

    def _ledger_url(self, written: str) -> str:
        """The address with a relative SQLite file beside config.toml; "" once it is reported."""
        at = ("connector", "ledger")
        url = Resolver(self._environment, self._report).text(written, at) if is_reference(written) else written
        if not is_reference(written) and "@" in url and urlsplit(url).password:
            self._report.add(at, "a password must not stand in this file", 'write ledger = "env:LEDGER_URL"')
        elif match := _SQLITE.fullmatch(url):
            return (
                f"sqlite:///{self._path.parent / match['file']}" if match["file"] != ":memory:" else self._no_ledger()
            )
        elif url and not url.startswith(("postgresql://", "postgresql+psycopg://")):
            return self._no_ledger()
        return url

    def _no_ledger(self) -> str:
        remedy = "sqlite:///var/ledger.db or postgresql://…"
        self._report.add(("connector", "ledger"), "this is not the address of a ledger", remedy)
        return ""

    # Channels --------------------------------------------------------------------------------

    def _channel(self, name: str, table: dict[str, Any]) -> ChannelConfig | None:
        at = ("channels", name)
        common = self._report.validated(schema.ChannelTable, table, at)
        if common is None:
            self._misspelt(table, at)
            return None
        options = self._options(common, at)
        mapping = self._mapping(common, at)
        if options is None or mapping is None:
            return None
        return ChannelConfig(name, common.adapter, options, mapping, common.read_only, common.settings)

    def _misspelt(self, table: Mapping[str, Any], at: KeyPath) -> None:
        """Without its adapter nobody knows a table's other keys; but a common one misspelt is recognised."""
        for key in table:
            if key not in _CHANNEL_KEYS and get_close_matches(key, _CHANNEL_KEYS, cutoff=0.8):
                self._report.unknown((*at, key), "key", key, _CHANNEL_KEYS)

    def _options(self, channel: schema.ChannelTable, at: KeyPath) -> Any:
        """The adapter's own keys as its ``Options``; None once reported."""
        adapter = self._adapter(channel.adapter, (*at, "adapter"))
        if adapter is None:
            return None
        resolver = Resolver(self._environment, self._report)
        resolved = resolver.table(channel.others, adapter.Options, at)
        return self._report.validated(
            adapter.Options, resolved, at, written=channel.others, failed=resolver.failed, more_keys=_CHANNEL_KEYS
        )

    def _adapter(self, name: str, at: KeyPath) -> AdapterType | None:
        if name not in self._adapters:
            self._report.unknown(at, "adapter", name, self._adapters)
            return None
        try:
            return self._adapters[name]
        except ImportError as error:
            self._report.add(at, f"adapter {name} cannot be loaded: {error}", "install what it needs")
            return None

    def _mapping(self, channel: schema.ChannelTable, at: KeyPath) -> Path | None:
        """The mapping's file; the shipped one where none is named."""
        if channel.mapping is None:
            return shipped_mapping(channel.adapter)
        path = self._path.parent / Path(channel.mapping).expanduser()
        if path.is_file():
            return path
        shipped = shipped_mapping(channel.adapter)
        remedy = "paths are relative to this file; leave it out to use the shipped mapping" if shipped.is_file() else ""
        self._report.add((*at, "mapping"), f"there is no mapping {channel.mapping}", remedy)
        return None

    # Locations and price lists ---------------------------------------------------------------

    def _locations(self) -> Iterator[tuple[str, Location]]:
        for name, table in self._named("locations"):
            yield name, Location(name, dict(self._codes(table, ("locations", name))))

    def _prices(self) -> Iterator[tuple[str, PriceList]]:
        for name, table in self._named("prices"):
            at = ("prices", name)
            listed = self._report.validated(schema.PriceTable, table, at)
            if listed is not None:
                native = dict(self._codes(listed.others, at))
                yield name, PriceList(name, listed.currency, listed.vat, listed.scale, native)

    def _codes(self, table: Mapping[str, Any], at: KeyPath) -> Iterator[tuple[str, str]]:
        """Channel → its own code."""
        for channel, code in table.items():
            if isinstance(code, str) and code:
                yield channel, code
            else:
                self._report.add((*at, channel), f"{'.'.join(map(str, at))}.{channel} must be text", 'like "1"')

    # Who keeps what the same -----------------------------------------------------------------

    def _sync(self) -> Iterator[tuple[Entity, SyncConfig]]:
        for name, table in self._named("sync"):
            if name not in set(Entity):
                self._report.unknown(("sync", name), "entity", name, set(Entity))
            elif sync := (self._stock(table) if name == Entity.STOCK else self._entity(Entity(name), table)):
                yield Entity(name), sync

    def _entity(self, entity: Entity, table: dict[str, Any]) -> SyncConfig | None:
        written = self._report.validated(schema.SyncTable, table, ("sync", entity.value))
        if written is None:
            return None
        fields = {canonical_name(name): _field_policy(field) for name, field in written.fields.items()}
        return SyncConfig(entity=entity, fields=fields, **_common(written))

    def _stock(self, table: dict[str, Any]) -> SyncConfig | None:
        at = ("sync", "stock")
        written = self._report.validated(schema.StockTable, table, at)
        if written is None:
            return None
        views = {name: View(tuple(view.locations), view.buffer) for name, view in written.views.items()}
        settings = {name: self._stock_channel(one, (*at, name)) for name, one in written.others.items()}
        return SyncConfig(entity=Entity.STOCK, views=views, stock=settings, **_common(written))

    def _stock_channel(self, table: Any, at: KeyPath) -> StockSettings:
        """Its settings; the usual ones once a problem is reported."""
        if not isinstance(table, dict) or at[-1] not in self._tables.get("channels", {}):
            return StockSettings()  # an unknown key, which check_names has reported
        written = self._report.validated(schema.StockChannelTable, table, at)
        return StockSettings(**written.model_dump()) if written else StockSettings()

    # Brakes and alerts -----------------------------------------------------------------------

    def _brakes(self) -> Brakes:
        written = self._report.validated(schema.BrakesTable, self._tables.get("brakes", {}), ("brakes",))
        if written is None:
            return Brakes()
        values = written.model_dump()
        return Brakes(window_s=values.pop("window"), **values)

    def _alerts(self) -> tuple[str, ...]:
        """Addresses of notification services; they hold passwords, so each is a reference."""
        written = self._report.validated(schema.AlertsTable, self._tables.get("alerts", {}), ("alerts",))
        resolver = Resolver(self._environment, self._report)
        return tuple(resolver.text(url, ("alerts", "urls", i)) for i, url in enumerate(written.urls if written else ()))


def _common(written: schema.SyncTable | schema.StockTable) -> dict[str, Any]:
    return {
        "every_s": written.every,
        "sweep": written.sweep,
        "channels": tuple(written.channels),
        "owner": written.owner or written.channels[0],
        "originate": None if written.originate is None else tuple(written.originate),
        "drift": written.drift,
        "initial": written.initial,
        "deletes": written.deletes,
    }


def _field_policy(written: schema.FieldTable) -> FieldPolicy:
    values = written.model_dump(exclude={"originate"})
    return FieldPolicy(originate=None if written.originate is None else tuple(written.originate), **values)
