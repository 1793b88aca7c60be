"""The conformance suite on the file drop: in a folder of this machine, and on an SFTP server over loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import paramiko
import pytest

from adapters import file_drop
from adapters.file_drop import channel as drop_channel
from adapters.file_drop.places import Folder, Place
from adapters.file_drop.sftp import fingerprint_of
from connector.contract import AdapterType
from connector.mapping.lens import EntityMapping
from connector.mapping.load import load_mapping
from connector.model.entity import DEPENDENT, Entity, Native
from connector.testing.conformance import Conformance
from connector.testing.remote import Fault, Purse, Remote
from tests.contract.paper_till import IDENTITY, PaperTill
from tests.contract.sftp_server import PASSWORD, USER, Server
from tests.contract.test_conformance import opening

_T = TypeVar("_T")
HOLDS = {Entity.PRODUCT: "products", Entity.CUSTOMER: "customers", Entity.PRICE: "prices", Entity.STOCK: "stock"}


class DropRemote:
    """A till that writes CP1252 and decimal commas, behind a folder."""

    adapter = cast(AdapterType, file_drop.Adapter)
    secrets: Sequence[str] = (PASSWORD,)

    def __init__(self, root: Path, **where: Any) -> None:
        self.till = PaperTill(root, encoding="cp1252")
        self._begin()
        self.ahead = timedelta(0)
        self.purse = Purse()
        mapping = load_mapping("file_drop")
        self.lenses: Mapping[Entity, EntityMapping] = mapping.entities
        options = file_drop.Options(folder=str(root), encoding="cp1252", **where)
        places = {"locations": ("winkel",), "lists": ("winkel",)}
        self.opening = opening(mapping, options, self.purse, self.now, self.wait, **places)

    def _begin(self) -> None:
        """What is there on the first day, with every column that the till has."""
        product = {"id": "1", "sku": "0001", "barcode": "", "name": "Café crème €", "active": True, "vat": "9"}
        product |= {"tracks_stock": True, "weight": Decimal("0.25"), "brand": "Fjordwol", "group": ""}
        names = ("number", "company", "first_name", "last_name", "phone", "mobile", "vat_number", "street_extra")
        customer = {"id": "1", "email": "eerste@example.com"} | dict.fromkeys(names, "")
        customer |= {"newsletter": False, "street": "", "postcode": "", "city": "", "region": "", "country": "NL"}
        rows: dict[str, dict[str, Any]] = {
            "products": product,
            "customers": customer,
            "prices": {"product": "1", "list": "winkel", "amount": Decimal("2.75")},
            "stock": {"product": "1", "place": "winkel", "pieces": Decimal(40)},
        }
        for holds, row in rows.items():
            self.till.records[holds] = {tuple(row[name] for name in IDENTITY[holds]): row}
            self.till.complete(holds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def _id(self, entity: Entity, key: str) -> tuple[str, ...]:
        """The till's own, of what it has imported by now."""
        self.till.read_ours()
        name = "email" if entity is Entity.CUSTOMER else "sku"
        of = self.till.records["customers" if entity is Entity.CUSTOMER else "products"]
        (id_,) = next(id_ for id_, record in of.items() if record[name] == key)
        return (id_, "winkel") if entity in DEPENDENT else (id_,)

    def edit(self, entity: Entity, key: str) -> None:
        values: dict[Entity, dict[str, Any]] = {
            Entity.PRODUCT: {"name": f"Door een ander, {sum(self.till.numbers.values())}"},
            Entity.CUSTOMER: {"phone": "030 765 00 09"},
            Entity.PRICE: {"amount": Decimal("3.33")},
            Entity.STOCK: {"pieces": Decimal(3)},
        }
        self.till.edit(HOLDS[entity], self._id(entity, key), **values[entity])

    def late_edit(self, entity: Entity, key: str) -> None:
        """A file gets its number when it is seen."""

    def delete(self, entity: Entity, key: str) -> bool:
        """Somebody deletes it; the till tells of its prices and figures, too."""
        first = Entity.PRODUCT if entity in DEPENDENT else entity
        gone = self._id(first, key)
        self.till.delete(HOLDS[first], gone)
        for holds in ("prices", "stock") if first is Entity.PRODUCT else ():
            for id_ in [one for one in self.till.records[holds] if one[0] == gone[0]]:
                self.till.delete(holds, id_)
        return True

    def refused(self, entity: Entity) -> Native | None:
        """What CP1252 does not have."""
        return {"note": "日本"}

    def fault(self, kind: Fault, entity: Entity) -> bool:
        if kind == "limited":
            return False  # a folder has no rate
        if kind == "garbled":
            self._broken = self.till.delta(HOLDS[entity], sha256="0" * 64)
        else:
            self.strike(kind)
        return True

    _broken = ""

    def strike(self, kind: Fault) -> None:
        raise NotImplementedError

    def heal(self) -> None:
        """The file that nobody could read is taken out, and its number is given again."""
        if self._broken:
            for path in (self.till.root / "in").glob(f"{self._broken}.*"):
                path.unlink()
            self.till.numbers[self._broken.split("-")[0]] -= 1
            self._broken = ""

    def calls(self) -> int:
        raise NotImplementedError


@dataclass
class Watched:
    """A folder whose calls are counted, and which has bad days."""

    folder: Folder
    calls: int = 0
    fault: Fault | None = None

    def _call(self, work: Callable[[], _T]) -> _T:
        self.calls += 1
        return work()

    def names(self, folder: str) -> Mapping[str, int]:
        errors: dict[Fault | None, OSError] = {"locked": PermissionError("no"), "down": OSError("not now")}
        if self.fault in errors:
            self.calls += 1
            raise errors[self.fault]
        return self._call(lambda: self.folder.names(folder))

    def read(self, folder: str, name: str) -> bytes:
        return self._call(lambda: self.folder.read(folder, name))

    def put(self, folder: str, name: str, data: bytes) -> None:
        self._call(lambda: self.folder.put(folder, name, data))

    def publish(self, folder: str, staged: str, name: str) -> bool:
        """The moment at which a write happens."""
        self.calls += 1
        if self.fault == "lost":
            raise OSError("the share is gone")
        done = self.folder.publish(folder, staged, name)
        if self.fault == "unanswered":
            raise OSError("the share is gone")
        return done

    def move(self, name: str, source: str, target: str, new_name: str) -> None:
        self._call(lambda: self.folder.move(name, source, target, new_name))

    def remove(self, folder: str, name: str) -> None:
        self._call(lambda: self.folder.remove(folder, name))

    def close(self) -> None:
        self.folder.close()


class FolderRemote(DropRemote):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.place = Watched(Folder(str(root)))

    def strike(self, kind: Fault) -> None:
        self.place.fault = kind

    def heal(self) -> None:
        super().heal()
        self.place.fault = None

    def calls(self) -> int:
        return self.place.calls


class ServerRemote(DropRemote):
    def __init__(self, root: Path, server: Server) -> None:
        where = {"host": "127.0.0.1", "port": server.port, "user": USER, "password": PASSWORD}
        super().__init__(root, host_key=fingerprint_of(server.key), **where)
        self.server = server

    def strike(self, kind: Fault) -> None:
        def refuse(call: str, _path: str) -> int | None:
            refusals: dict[Fault, int] = {"locked": paramiko.SFTP_PERMISSION_DENIED, "down": paramiko.SFTP_FAILURE}
            if call == "list":
                return refusals.get(kind)
            if call == "publish" and kind == "lost":
                self.server.hang_up()
                return paramiko.SFTP_FAILURE
            return None

        def break_off(call: str, _path: str) -> None:
            if call == "publish" and kind == "unanswered":
                self.server.hang_up()

        self.server.before, self.server.after = refuse, break_off

    def heal(self) -> None:
        super().heal()
        self.server.before, self.server.after = lambda _call, _path: None, lambda _call, _path: None

    def calls(self) -> int:
        return self.server.calls


class TestFolder(Conformance):
    @pytest.fixture
    def remote(self, tmp_path: Path) -> Iterator[Remote]:
        """A folder of this machine, new for each test."""
        remote = FolderRemote(tmp_path / "drop")

        def place_of(options: file_drop.Options) -> Place:
            return remote.place

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drop_channel, "place_of", place_of)
            yield remote


class TestServer(Conformance):
    @pytest.fixture
    def remote(self, tmp_path: Path) -> Iterator[Remote]:
        """A folder on an SFTP server, new for each test: a new channel reads every file since the last complete one."""
        root = tmp_path / "drop"
        server = Server(root)
        yield ServerRemote(root, server)
        server.close()
