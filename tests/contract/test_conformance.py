"""The conformance suite on each adapter: memory as it is, the others against their stand-ins over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
import requests

from adapters import exact_online, lightspeed_x, magento2, memory
from adapters.memory import WORLDS, World
from connector.contract import AdapterType, Opening
from connector.errors import AmbiguousWrite, AuthFailed, ContractBroken, RateLimited, Transient
from connector.mapping.lens import EntityMapping, Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import DEPENDENT, Entity, Native
from connector.testing.conformance import Conformance
from connector.testing.remote import Fault, KeptTokens, Purse, Remote
from sandbox import exact_online as division_stand
from sandbox import lightspeed_x as store_stand
from sandbox import magento2 as webshop_stand
from sandbox.stand import Options as StandOptions
from sandbox.stand import Stand
from simulator.chain import MAPPING

PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK


def opening(mapping: Mapping_, options: Any, purse: Purse, now: Any, sleep: Any, **places: Any) -> Opening:
    """What a channel of a test is handed, with a mapping's settings and names."""
    names = {entity: one.native_names for entity, one in mapping.entities.items()}
    tokens = KeptTokens()
    return Opening(
        "bench", options, mapping.settings, names, tokens=tokens, budget=purse, now=now, sleep=sleep, **places
    )


class MemoryRemote:
    """A world of its own."""

    adapter = cast(AdapterType, memory.Adapter)
    secrets: Sequence[str] = ("no secret at all",)

    def __init__(self, folder: Path) -> None:
        self.ahead = timedelta(0)
        self.world = WORLDS["conformance"] = World(now=self.now, key_names={CUSTOMER: "email"}, compares=True)
        self.world.refuses = lambda _entity, fields: {"name": "too long"} if "refused" in fields else {}
        self.purse = Purse()
        file = folder / "plain.toml"
        file.write_text(MAPPING)
        mapping = load_mapping(file)
        self.lenses: Mapping[Entity, EntityMapping] = mapping.entities
        options = memory.Options(world="conformance")
        places = {"locations": ("1",), "lists": ("sales",)}
        self.opening = opening(mapping, options, self.purse, self.now, self.wait, **places)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def _id(self, entity: Entity, key: str) -> str:
        living = [one for one in self.world.things[entity].values() if not one.deleted]
        if entity in DEPENDENT:
            product = self._id(PRODUCT, key)
            return next(one.id for one in living if one.parent == product)
        return next(one.id for one in living if key in (one.native.get("sku"), one.native.get("email")))

    def edit(self, entity: Entity, key: str) -> None:
        changes: dict[Entity, tuple[str, Any]] = {
            PRODUCT: ("name", "Door een ander"),
            CUSTOMER: ("phone", "+31300000009"),
            PRICE: ("amount", Decimal("3.33")),
            STOCK: ("quantity", Decimal(3)),
        }
        name, value = changes[entity]
        self.world.edit(entity, self._id(entity, key), **{name: value})

    def late_edit(self, entity: Entity, key: str) -> None:
        """A change gets its number when it is seen."""

    def delete(self, entity: Entity, key: str) -> bool:
        kind = PRODUCT if entity in DEPENDENT else entity
        self.world.remove(kind, self._id(kind, key))
        return True

    def refused(self, entity: Entity) -> Native | None:
        return {"refused": True}

    def fault(self, kind: Fault, entity: Entity) -> None:
        faults: dict[Fault, tuple[str, Any]] = {
            "unanswered": ("after", AmbiguousWrite("no answer")),
            "lost": ("lost", AmbiguousWrite("no answer")),
            "limited": ("read", RateLimited("too many calls", until=self.now() + timedelta(minutes=1))),
            "garbled": ("read", ContractBroken("no table at all")),
            "locked": ("read", AuthFailed("no such user")),
            "down": ("read", Transient("not now")),
        }
        self.world.faults.append(faults[kind])

    def heal(self) -> None:
        self.world.faults.clear()

    def calls(self) -> int:
        return len(self.world.calls)


class TestMemory(Conformance):
    twins: ClassVar[frozenset[Entity]] = frozenset({PRODUCT, CUSTOMER})

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
        """A world with nothing in it."""
        yield MemoryRemote(tmp_path_factory.mktemp("memory"))
        WORLDS.pop("conformance")


@dataclass(frozen=True)
class Paths:
    """Where calls of one entity go, as regular expressions of paths."""

    listing: str
    write: str
    methods: tuple[str, ...] = ("POST", "PUT")


class StandRemote:
    """A stand-in behind its control interface; ``wait`` moves its clock and ours alike."""

    adapter: AdapterType
    paths: Mapping[Entity, Paths]
    refusals: Mapping[Entity, Native]

    def __init__(self, stand: Stand, mapping: Mapping_, options: Callable[[Mapping[str, Any]], Any], **places: Any):
        self.stand = stand
        self.stand.start()
        info = stand.announce()
        self._control = str(info["control"])
        self.secrets: Sequence[str] = [
            str(value) for name, value in info.items() if "token" in name or "secret" in name or name == "bearer"
        ]
        self.purse = Purse()
        self.lenses: Mapping[Entity, EntityMapping] = mapping.entities
        self.opening = opening(mapping, options(info), self.purse, stand.clock.now, self.wait, **places)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = requests.request(method, self._control + path, json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait(self, seconds: float) -> None:
        self.stand.clock.advance(seconds)

    def refused(self, entity: Entity) -> Native | None:
        return self.refusals.get(entity)

    def edit(self, entity: Entity, key: str) -> None:
        self.control("edit", self.edits(entity, key))

    def limited(self) -> dict[str, str]:
        """How the system says that its rate is used up for ten minutes."""
        return {"Retry-After": "600"}

    def edits(self, entity: Entity, key: str) -> dict[str, Any]:
        """What a person does to change a record."""
        raise NotImplementedError

    @contextmanager
    def late_edit(self, entity: Entity, key: str) -> Iterator[None]:
        """It bears the time at which it began."""
        began = self.stand.clock.now()
        yield
        lasted = (self.stand.clock.now() - began).total_seconds()
        self.wait(-lasted)
        self.edit(entity, key)
        self.wait(lasted)

    def delete(self, entity: Entity, key: str) -> bool:
        done = {"do": "delete_customer", "email": key} if entity is CUSTOMER else {"do": "delete_product", "sku": key}
        self.control("edit", done)
        return True

    def fault(self, kind: Fault, entity: Entity) -> None:
        paths = self.paths[entity]
        if kind == "limited":
            given = {"fault": "status", "status": 429, "headers": self.limited(), "path": paths.listing}
            self.control("faults", given)
        elif kind == "garbled":
            self.control("faults", {"fault": "bad_json", "path": paths.listing, "times": None})
        elif kind in ("locked", "down"):
            status = 401 if kind == "locked" else 503
            self.control("faults", {"fault": "status", "status": status, "path": paths.listing, "times": None})
        else:
            cut = "cut_after" if kind == "unanswered" else "cut_before"
            for method in paths.methods:
                self.control("faults", {"fault": cut, "path": paths.write, "method": method})

    def heal(self) -> None:
        self.control("faults", method="DELETE")

    def calls(self) -> int:
        return int(self.control("calls", method="GET")["total"])


def demo() -> StandOptions:
    """The demo's shop, without the limits that would make a test wait."""
    return StandOptions(profile="demo", limits=False)


class WebshopRemote(StandRemote):
    adapter = cast(AdapterType, magento2.Adapter)
    paths: Mapping[Entity, Paths] = {
        PRODUCT: Paths("/V1/products", "/V1/products"),
        CUSTOMER: Paths("/customers/search", "/V1/customers"),
        PRICE: Paths("-prices?-information", "/V1/products/base-prices$"),
        STOCK: Paths("/source-items", "/source-items$"),
    }
    refusals: Mapping[Entity, Native] = {
        PRODUCT: {"weight": "zwaar"},
        CUSTOMER: {"email": "geen adres"},
        PRICE: {"price": Decimal(-2)},
    }

    def __init__(self) -> None:
        def options(info: Mapping[str, Any]) -> Any:
            return magento2.Options(base_url=info["url"], token=info["bearer"])

        settings = {"brand_attribute": "brand", "barcode_attribute": "barcode", "street_style": "lines"}
        mapping = load_mapping("magento2", settings)
        super().__init__(webshop_stand.build(demo()), mapping, options, locations=("wh_utr",), lists=("base",))

    def edits(self, entity: Entity, key: str) -> dict[str, Any]:
        verbs: dict[Entity, dict[str, Any]] = {
            PRODUCT: {"do": "product", "sku": key, "set": {"name": f"Van een ander, {key}"}},
            CUSTOMER: {"do": "customer", "email": key, "set": {"lastname": "Nieuw"}},
            PRICE: {"do": "price", "sku": key, "amount": "3.33"},
            STOCK: {"do": "stock", "sku": key, "location": "wh_utr", "quantity": "3"},
        }
        return verbs[entity]


class DivisionRemote(StandRemote):
    adapter = cast(AdapterType, exact_online.Adapter)
    paths: Mapping[Entity, Paths] = {
        PRODUCT: Paths("sync/Logistics/Items", "logistics/Items"),
        CUSTOMER: Paths("sync/CRM/Accounts", "crm/Accounts"),
        PRICE: Paths("sync/Logistics/SalesItemPrices", "SalesItemPrices"),
        STOCK: Paths("sync/Inventory/", "StockCounts"),
    }
    refusals: Mapping[Entity, Native] = {PRODUCT: {"SalesVatCode": "ZZ"}, CUSTOMER: {"Name": ""}}

    def __init__(self) -> None:
        def options(info: Mapping[str, Any]) -> Any:
            names = ("division", "client_id", "client_secret", "redirect_uri", "refresh_token")
            return exact_online.Adapter.Options(base_url=info["url"], **{name: info[name] for name in names})

        mapping = load_mapping("exact_online", {"prices": "included"})
        super().__init__(division_stand.build(demo()), mapping, options, locations=("1",), lists=("sales",))

    def limited(self) -> dict[str, str]:
        resets = int((self.stand.clock.now() + timedelta(minutes=10)).timestamp() * 1000)
        return {
            "X-RateLimit-Minutely-Limit": "60",
            "X-RateLimit-Minutely-Remaining": "0",
            "X-RateLimit-Minutely-Reset": str(resets),
        }

    def delete(self, entity: Entity, key: str) -> bool:
        """What has been counted once has transactions, and stays."""
        return entity is not STOCK and super().delete(entity, key)

    def edits(self, entity: Entity, key: str) -> dict[str, Any]:
        verbs: dict[Entity, dict[str, Any]] = {
            PRODUCT: {"do": "product", "sku": key, "set": {"Description": "Door een ander"}},
            CUSTOMER: {"do": "customer", "email": key, "set": {"Phone": "030 765 00 00"}},
            PRICE: {"do": "price", "sku": key, "amount": "3.33"},
            STOCK: {"do": "stock", "sku": key, "location": "1", "difference": "-2"},
        }
        return verbs[entity]


class StoreRemote(StandRemote):
    #: How long a transaction stays open: within the overlap, and longer than what the suite does meanwhile.
    LASTS_S = 60
    adapter = cast(AdapterType, lightspeed_x.Adapter)
    paths: Mapping[Entity, Paths] = {
        PRODUCT: Paths("/products", "/products"),
        CUSTOMER: Paths("/customers", "/customers"),
        PRICE: Paths("/products", "/products/"),
        STOCK: Paths("/inventory", "/stock_adjustments"),
    }
    refusals: Mapping[Entity, Native] = {
        PRODUCT: {"tax_name": "Oud tarief"},
        CUSTOMER: {"physical_postcode": "99999999"},
        PRICE: {"price_including_tax": Decimal(-2)},
    }

    def __init__(self) -> None:
        def options(info: Mapping[str, Any]) -> Any:
            return lightspeed_x.Adapter.Options(base_url=info["url"], token=info["token"])

        taxes = {"standard": "Hoog 21%", "reduced": "Laag 9%", "zero": "Nul 0%"}
        mapping = load_mapping("lightspeed_x", {"taxes": taxes})
        places = {"locations": ("Winkel Utrecht",), "lists": ("BASE",)}
        super().__init__(store_stand.build(demo()), mapping, options, **places)

    def edits(self, entity: Entity, key: str) -> dict[str, Any]:
        verbs: dict[Entity, dict[str, Any]] = {
            PRODUCT: {"do": "product", "sku": key, "set": {"name": f"Van een ander, {key}"}},
            CUSTOMER: {"do": "customer", "email": key, "set": {"phone": "030 765 00 00"}},
            PRICE: {"do": "price", "sku": key, "amount": "3.33"},
            STOCK: {"do": "stock", "sku": key, "location": "Winkel Utrecht", "difference": "-2"},
        }
        return verbs[entity]

    @contextmanager
    def late_edit(self, entity: Entity, key: str) -> Iterator[None]:
        """It bears the version that it took when it began."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sandbox.lightspeed_x.store.LATE_EVERY", 1)
            self.control("edit", {"do": "switch", "name": "late_versions", "value": str(self.LASTS_S)})
            self.edit(entity, key)
        self.control("edit", {"do": "switch", "name": "late_versions", "value": "0"})
        yield
        self.wait(self.LASTS_S)


def unguarded(reason: str, *entities: Entity) -> dict[str, str]:
    """Departures of a system that cannot tell that a record moved on, and that is not read again before a write."""
    return {f"test_a_newer_edit_is_not_overwritten[{entity}]": reason for entity in entities}


class TestMagento(Conformance):
    departures: ClassVar[Mapping[str, str]] = unguarded("the shop takes no condition with a price", PRICE) | {
        "test_a_write_to_something_gone_says_so[stock]": "a source item outlives its product, and is read on as its own"
    }

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls) -> Iterator[Remote]:
        """A webshop."""
        yield from standing(WebshopRemote())


class TestExactOnline(Conformance):
    twins: ClassVar[frozenset[Entity]] = frozenset({CUSTOMER})
    departures: ClassVar[Mapping[str, str]] = unguarded(
        "a PUT takes no condition, and a look before each would double the calls", PRODUCT, CUSTOMER, PRICE
    )
    #: The demo's accounts are invoiced at their own address.
    unshown: ClassVar[frozenset[str]] = frozenset(
        f"invoice.{name}" for name in ("AddressLine1", "AddressLine2", "Postcode", "City", "State", "Country")
    )

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls) -> Iterator[Remote]:
        """A division."""
        yield from standing(DivisionRemote())


class TestLightspeed(Conformance):
    twins: ClassVar[frozenset[Entity]] = frozenset({PRODUCT, CUSTOMER})
    departures: ClassVar[Mapping[str, str]] = unguarded(
        "a PUT takes no version, and a look before each would double the calls", PRODUCT, CUSTOMER, PRICE
    ) | {"test_a_write_to_something_gone_says_so[stock]": "only the text of the refusal tells that the product is gone"}

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls) -> Iterator[Remote]:
        """A store."""
        yield from standing(StoreRemote())


def standing(remote: StandRemote) -> Iterator[Remote]:
    """A stand-in while the tests of a class run."""
    yield remote
    remote.stand.close()
