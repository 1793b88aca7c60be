"""The file drop against a till that speaks in files: numbers, checksums, encodings, answers, crashes."""

from __future__ import annotations

import errno
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters import file_drop
from adapters.file_drop import channel as drop_channel
from adapters.file_drop.places import Folder
from connector.contract import Channel, Evidence, RowResult, Write
from connector.errors import AmbiguousWrite, ContractBroken, Rejected, Stale, Transient
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Native
from connector.testing.remote import Purse
from connector.testing.subject import cursor_of, rows_of
from tests.contract.paper_till import PaperTill
from tests.contract.test_conformance import opening

PRODUCT, PRICE, STOCK = Entity.PRODUCT, Entity.PRICE, Entity.STOCK
COLUMNS = ("id", "sku", "barcode", "name", "active", "vat", "tracks_stock", "weight", "brand", "group")
MUG: dict[str, Any] = {
    **dict.fromkeys(COLUMNS),
    "id": "7",
    "sku": "MOK",
    "name": "Mok",
    "active": True,
    "vat": "21",
    "tracks_stock": True,
}


class Drop:
    """A till, and channels on its folder."""

    def __init__(self, root: Path, **till: Any) -> None:
        self.root = root
        self.till = PaperTill(root, **till)

    def open(self, **options: Any) -> Channel:
        mapping = load_mapping("file_drop")
        chosen = file_drop.Options(folder=str(self.root), **options)
        places = {"locations": ("winkel",), "lists": ("winkel",)}
        asked = opening(mapping, chosen, Purse(), lambda: datetime.now(UTC), lambda _seconds: None, **places)
        return file_drop.Adapter.open(asked)

    def products(self, **options: Any) -> dict[str, Native]:
        """What a new process finds, by id."""
        return {row.external_id: row.native for row in rows_of(self.open(**options).sweep(PRODUCT))}

    def start(self) -> None:
        """A mug, its price and forty pieces of it, in complete files."""
        self.till.records["products"] = {("7",): dict(MUG)}
        self.till.records["prices"] = {("7", "winkel"): {"product": "7", "list": "winkel", "amount": Decimal("12.50")}}
        self.till.records["stock"] = {("7", "winkel"): {"product": "7", "place": "winkel", "pieces": Decimal(40)}}
        for holds in ("products", "prices", "stock"):
            self.till.complete(holds)


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    """A till with a mug."""
    made = Drop(tmp_path / "drop")
    made.start()
    return made


def renamed(name: str, id_: str = "7") -> Write:
    return Write("t-1", "update", id_, {"name": name}, {"name": "Mok"})


def sold_apart(pieces: int, token: str = "t-2") -> Write:
    return Write(token, "update", "7/winkel", {"pieces": Decimal(0)}, {}, difference=Decimal(pieces))


def only(results: Sequence[RowResult]) -> RowResult:
    (result,) = results
    return result


def pieces(channel: Channel) -> Any:
    (row,) = channel.read(STOCK, ["7/winkel"])
    return row.native["pieces"]


class TestNumbers:
    def test_a_missing_number_stops_the_lane(self, drop: Drop) -> None:
        """It is told by its number with the remedy, nothing is taken away, and other series go on."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        drop.till.numbers["products"] = 2
        stem = drop.till.delta("products", MUG | {"name": "Beker"})
        with pytest.raises(
            ContractBroken, match=r"number 2 of product is missing, before products-3-delta: let .* write"
        ):
            rows_of(channel.changes(PRODUCT, cursor))
        assert f"{stem}.csv" in drop.till.names("in")
        assert 1 == len(rows_of(channel.changes(PRICE, None)))

    def test_a_complete_file_mends_a_gap(self, drop: Drop) -> None:
        """What it lists is what there is, whatever was lost before it."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        drop.till.numbers["products"] = 2
        drop.till.records["products"] = {("8",): MUG | {"id": "8", "sku": "GLAS"}}
        drop.till.complete("products")
        rows = rows_of(drop.open().changes(PRODUCT, cursor))
        assert ["8"] == [row.external_id for row in rows if not row.deleted]

    def test_a_sale_that_may_be_lost_is_not_passed_over(self, drop: Drop) -> None:
        """A missing number may have held sales, though a later complete file has the figures right."""
        cursor = drop.open().facts(None).cursor
        drop.till.numbers["stock"] = 2
        drop.till.complete("stock")
        with pytest.raises(ContractBroken, match="number 2 of stock is missing"):
            drop.open().facts(cursor)

    def test_a_file_without_its_manifest_is_waited_for(self, drop: Drop) -> None:
        """It is no gap: what has come behind it waits with it, and both are read once it is whole."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        half = drop.root / "in" / f"{drop.till.delta('products', MUG | {'name': 'Beker'})}.json"
        told = half.read_bytes()
        half.unlink()
        drop.till.delta("products", MUG | {"id": "8", "sku": "GLAS"})
        assert [] == rows_of(drop.open().changes(PRODUCT, cursor))
        half.write_bytes(told)
        assert {"7", "8"} == {row.external_id for row in rows_of(drop.open().changes(PRODUCT, cursor))}

    def test_a_repeat_is_skipped_and_told(self, drop: Drop) -> None:
        """The same number with the same content changes nothing; the answer says so, and it is taken away."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        rows_of(channel.changes(PRODUCT, cursor))
        drop.till.write("products", "complete", [MUG], number=1)
        assert [] == rows_of(channel.changes(PRODUCT, cursor))
        assert [["0", "", "this file came again, and was skipped"]] == drop.till.answers("products-1-complete")
        assert [] == [name for name in drop.till.names("in") if name.startswith("products")]

    @pytest.mark.parametrize("archived", [True, False])
    def test_a_number_that_comes_again_changed_stops_the_lane(self, drop: Drop, archived: bool) -> None:
        """Nobody can tell which of the two is meant, and neither is taken away."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        if archived:
            rows_of(channel.changes(PRODUCT, cursor))
        stem = drop.till.write("products", "complete", [MUG | {"name": "Iets heel anders"}], number=1)
        for again in (channel, drop.open()):
            with pytest.raises(ContractBroken, match=r"products-1-complete .*the next number"):
                rows_of(again.changes(PRODUCT, cursor))
        assert f"{stem}.csv" in drop.till.names("in")

    def test_one_number_under_two_names_stops_the_lane(self, drop: Drop) -> None:
        """A complete file and a delta cannot both be number 1."""
        drop.till.write("products", "delta", [MUG], number=1)
        with pytest.raises(ContractBroken, match="products-1-complete and products-1-delta have one number"):
            drop.products()

    def test_an_archive_that_was_emptied_is_no_end_of_the_goods(self, drop: Drop) -> None:
        """With less than was read before, nothing is concluded until the till lists everything."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        rows_of(channel.changes(PRODUCT, cursor))
        for path in (drop.root / "archive").iterdir():
            path.unlink()
        with pytest.raises(ContractBroken, match=r"read up to number 1, .*a complete file with number 2"):
            rows_of(drop.open().changes(PRODUCT, cursor))
        drop.till.complete("products")
        assert ["7"] == [row.external_id for row in rows_of(drop.open().changes(PRODUCT, cursor))]


class TestWhole:
    @pytest.mark.parametrize(("said", "told"), [({"sha256": "0" * 64}, "checksum"), ({"rows": 5}, "1 rows, .* says 5")])
    def test_what_its_manifest_denies_is_left_where_it_is(self, drop: Drop, said: dict[str, Any], told: str) -> None:
        """A wrong checksum or count stops the lane."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        given = {"rows": 1} | said
        stem = drop.till.put("products", "delta", b"id;name\r\n7;Beker\r\n", **given)
        with pytest.raises(ContractBroken, match=told):
            rows_of(drop.open().changes(PRODUCT, cursor))
        assert {f"{stem}.csv", f"{stem}.json"} <= set(drop.till.names("in"))

    def test_a_done_marker_says_that_a_file_is_whole(self, drop: Drop) -> None:
        """Before it, the file is not there."""
        for path in (drop.root / "in").glob("*.json"):
            path.unlink()
        assert {} == drop.products(ready="done")
        (drop.root / "in" / "products-1-complete.done").touch()
        assert {"7"} == drop.products(ready="done").keys()

    @pytest.mark.parametrize("ending", [".part", ".tmp"])
    def test_a_rename_says_that_a_file_is_whole(self, drop: Drop, ending: str) -> None:
        """What still has the name of a file that is being written is not read."""
        for path in (drop.root / "in").glob("*.json"):
            path.unlink()
        path = drop.root / "in" / "products-1-complete.csv"
        unfinished = path.rename(path.with_name(path.name + ending))
        assert {} == drop.products(ready="rename")
        unfinished.rename(path)
        assert {"7"} == drop.products(ready="rename").keys()

    @pytest.mark.parametrize("ready", ["done", "rename"])
    def test_a_till_that_cannot_say_what_it_imported_is_only_read(self, drop: Drop, ready: str) -> None:
        """A check says so beforehand, and a write is refused with the remedy."""
        channel = drop.open(ready=ready)
        error = only(channel.write(PRODUCT, [renamed("Beker")])).error
        assert isinstance(error, Rejected)
        assert "read_only = true" in error.remedy
        (found,) = [one for one in channel.check() if one.what == "manifests"]
        assert (True, True) == (found.warning, "read_only = true" in found.remedy)
        assert [] == drop.till.names("out")

    def test_a_complete_file_without_a_mapped_column_empties_nothing(self, drop: Drop) -> None:
        """A column that is not there says nothing of any row, so the file is not taken."""
        drop.till.write("products", "complete", [{name: MUG[name] for name in COLUMNS if name != "brand"}])
        with pytest.raises(ContractBroken, match=r"products-2-complete has no column brand, .*out of the mapping"):
            drop.products()

    def test_a_quote_that_is_never_closed_swallows_no_rows(self, drop: Drop) -> None:
        """What follows it cannot be told apart, so nothing of the file is taken."""
        drop.till.put("products", "delta", b'id;name\r\n7;"Beker\r\n8;Glas\r\n', rows=2)
        with pytest.raises(ContractBroken, match="ends within quotation marks"):
            drop.products()


class TestCells:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_accents_and_the_euro_arrive(self, tmp_path: Path, encoding: str) -> None:
        """With a byte order mark or without, and as Windows writes them."""
        drop = Drop(tmp_path / "drop", encoding=encoding)
        name = "Café crème, 5 €"
        said = {"encoding": None, "decimal": None, "delimiter": None}
        drop.till.write("products", "complete", [MUG | {"name": name, "weight": Decimal("0.45")}], **said)
        told = drop.products(encoding="cp1252" if encoding == "cp1252" else "utf-8")["7"]
        assert (name, Decimal("0.45")) == (told["name"], told["weight"])

    def test_the_manifest_knows_better_than_the_configuration(self, tmp_path: Path) -> None:
        """Encoding, decimal sign and delimiter may change with a version of the till."""
        drop = Drop(tmp_path / "drop", encoding="cp1252", decimal=".", delimiter="\t")
        drop.till.write("products", "complete", [MUG | {"name": "Crème;", "weight": Decimal("1.5")}])
        told = drop.products()["7"]
        assert ("Crème;", Decimal("1.5")) == (told["name"], told["weight"])

    def test_another_encoding_than_was_said_stops_the_lane(self, drop: Drop) -> None:
        """A wrong letter in every name would be worse than none."""
        data = "id;name\r\n7;Crème\r\n".encode("cp1252")
        drop.till.put("products", "delta", data, rows=1)
        with pytest.raises(ContractBroken, match="products-2-delta is not written in utf-8, at byte 13: set encoding"):
            drop.products()

    def test_a_row_that_cannot_be_read_is_a_line_of_the_answer(self, drop: Drop) -> None:
        """By line and column, without its value; the other rows are taken, and its record stays as it was."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        lines = [
            "id;sku;weight;active",
            "7;MOK;1.234,5;1",
            "8;GLAS;0,25;1",
            "9;KAN;0,5;ja",
            ";LOS;1;1",
            '10;"PO"T;1;1',
            "11;POT;1",
        ]
        stem = drop.till.put("products", "delta", "\r\n".join(lines).encode(), rows=6)
        later = cursor_of(channel.changes(PRODUCT, cursor))
        assert [] == rows_of(channel.changes(PRODUCT, later))
        assert [
            ["2", "weight", "is no number with , as its decimal sign"],
            ["4", "active", "is neither 1 nor 0"],
            ["5", "id", "is empty"],
            ["6", "", "quotation marks or length cannot be read"],
            ["7", "", "3 cells under 4 names"],
        ] == drop.till.answers(stem)
        told = drop.products()
        assert {"7", "8"} == told.keys()
        assert (None, Decimal("0.25")) == (told["7"]["weight"], told["8"]["weight"])

    @pytest.mark.parametrize("id_", ["8", ""])
    def test_a_refused_row_of_a_complete_file_is_not_gone(self, drop: Drop, id_: str) -> None:
        """What it would have said is unknown: its record stays, or all do where it did not even tell its id."""
        drop.till.edit("products", ("8",), **MUG | {"id": "8", "sku": "GLAS"})
        channel = drop.open()
        cursor = cursor_of(channel.changes(PRODUCT, None))
        drop.till.write("products", "complete", [MUG, MUG | {"id": id_, "sku": "GLAS", "active": "ja"}])
        assert [] == [row for row in rows_of(channel.changes(PRODUCT, cursor)) if row.deleted]
        assert {"7", "8"} == drop.products().keys()

    def test_a_row_that_the_encoding_cannot_hold_is_refused_alone(self, drop: Drop) -> None:
        """By its column; the others of the call are written."""
        writes = [renamed("日本"), replace(renamed("Beker"), token="t-9")]
        results = {one.token: one.error for one in drop.open(encoding="cp1252").write(PRODUCT, writes)}
        assert isinstance(results["t-1"], Rejected)
        assert {"name": "has characters that cp1252 does not"} == results["t-1"].fields
        assert None is results["t-9"]


class TestArchive:
    def test_what_was_just_read_stays(self, drop: Drop) -> None:
        """A reading moves nothing and answers nothing: the ledger does not have it yet."""
        channel, before = drop.open(), drop.till.names("in")
        rows_of(channel.changes(PRODUCT, None))
        rows_of(channel.sweep(PRODUCT))
        channel.read(PRODUCT, ["7"])
        list(channel.check())
        assert (before, [], []) == (drop.till.names("in"), drop.till.names("answers"), drop.till.names("archive"))

    def test_the_next_reading_answers_and_archives_what_its_cursor_proves(self, drop: Drop) -> None:
        """And no more: what came since is read, and stays."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        newer = drop.till.delta("products", MUG | {"name": "Beker"})
        rows = rows_of(drop.open().changes(PRODUCT, cursor))
        assert ["Beker"] == [row.native["name"] for row in rows]
        assert ["products-1-complete.csv", "products-1-complete.json"] == drop.till.names("archive")
        assert [] == drop.till.answers("products-1-complete")
        assert {f"{newer}.csv", f"{newer}.json"} <= set(drop.till.names("in"))

    def test_a_trial_moves_nothing(self, drop: Drop) -> None:
        """With `archive = false` another program may read the same folder."""
        channel, before = drop.open(archive=False), drop.till.names("in")
        assert [] == rows_of(channel.changes(PRODUCT, cursor_of(channel.changes(PRODUCT, None))))
        assert (before, []) == (drop.till.names("in"), drop.till.names("answers"))

    @pytest.mark.parametrize("death", range(1, 14))
    def test_a_crash_at_any_call_repeats_and_loses_nothing(
        self, drop: Drop, monkeypatch: pytest.MonkeyPatch, death: int
    ) -> None:
        """Whatever was done before it, the next process reads the same and takes the same away."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        drop.till.delta("products", MUG | {"name": "Beker"})
        place = Dying(str(drop.root), death)
        monkeypatch.setattr(drop_channel, "place_of", lambda _options: place)
        with pytest.raises(Dead):
            rows_of(drop.open().changes(PRODUCT, cursor))
        monkeypatch.undo()
        rows = rows_of(drop.open().changes(PRODUCT, cursor))
        assert [("7", "Beker")] == [(row.external_id, row.native["name"]) for row in rows]
        assert ["products-1-complete.csv", "products-1-complete.json"] == drop.till.names("archive")
        assert [] == drop.till.answers("products-1-complete")

    def test_two_processes_archive_at_once(self, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
        """The slower one finds nothing left to do, and reads the same."""
        cursor = cursor_of(drop.open().changes(PRODUCT, None))
        drop.till.delta("products", MUG | {"name": "Beker"})
        other = drop.open()

        class Slow(Folder):
            def put(self, folder: str, name: str, data: bytes) -> None:
                monkeypatch.undo()
                rows_of(other.changes(PRODUCT, cursor))
                super().put(folder, name, data)

        monkeypatch.setattr(drop_channel, "place_of", lambda options: Slow(options.folder))
        slow = drop.open()
        assert ["Beker"] == [row.native["name"] for row in rows_of(slow.changes(PRODUCT, cursor))]
        assert ["products-1-complete.csv", "products-1-complete.json"] == drop.till.names("archive")

    def test_our_files_are_archived_once_a_complete_one_holds_them(self, drop: Drop) -> None:
        """Their numbers go on, even where the archive is cleared."""
        channel = drop.open()
        assert None is only(channel.write(PRODUCT, [renamed("Beker")])).error
        drop.till.read_ours()
        drop.till.complete("products")
        cursor = cursor_of(channel.changes(PRODUCT, None))
        rows_of(channel.changes(PRODUCT, cursor))
        assert [] == drop.till.names("out")
        assert Evidence(True, "7") == channel.landed(PRODUCT, renamed("Beker"))
        for path in (drop.root / "archive").glob("out-*"):
            path.unlink()
        drop.open().write(PRODUCT, [replace(renamed("Kop"), before={"name": "Beker"})])
        assert ["products-2-delta.json"] == [name for name in drop.till.names("out") if name.endswith(".json")]

    def test_a_long_day_reads_each_file_once_and_keeps_none_for_ever(
        self, drop: Drop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In one process; what lies before the last complete file is let go of."""
        place = Dying(str(drop.root), death=0)
        monkeypatch.setattr(drop_channel, "place_of", lambda _options: place)
        channel = drop.open()
        first = cursor = cursor_of(channel.changes(PRODUCT, None))
        for number in range(6):
            drop.till.edit("products", ("7",), **MUG | {"name": f"Mok {number}"})
            cursor = cursor_of(channel.changes(PRODUCT, cursor))
        assert Counter(place.reads).most_common(1)[0][1] == 1
        drop.till.complete("products")
        for _ in range(2):
            cursor = cursor_of(channel.changes(PRODUCT, cursor))
        place.reads.clear()
        assert ["Mok 5"] == [row.native["name"] for row in channel.read(PRODUCT, ["7"])]
        rows_of(channel.changes(PRODUCT, cursor))
        assert [] == place.reads
        assert ["7"] == [row.external_id for row in rows_of(channel.changes(PRODUCT, first))]
        assert "products-1-complete.csv" in place.reads


class Dead(BaseException):
    """The end of the process."""


class Dying(Folder):
    """Ends the process at a call: what it was about to do is not done."""

    def __init__(self, root: str, death: int) -> None:
        super().__init__(root)
        self.death, self.calls = death, 0
        self.reads: list[str] = []

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.death:
            raise Dead

    def names(self, folder: str) -> Any:
        self._count()
        return super().names(folder)

    def read(self, folder: str, name: str) -> bytes:
        self._count()
        self.reads.append(name)
        return super().read(folder, name)

    def put(self, folder: str, name: str, data: bytes) -> None:
        self._count()
        super().put(folder, name, data)

    def move(self, name: str, source: str, target: str, new_name: str) -> None:
        self._count()
        super().move(name, source, target, new_name)


class TestStock:
    def test_a_figure_is_the_last_one_less_what_was_sold_behind_it(self, drop: Drop) -> None:
        """By the numbers of the files, whatever their times."""
        drop.till.sell("K-1", "7", 3)
        drop.till.sell("K-2", "7", -1)
        assert Decimal(38) == pieces(drop.open())
        drop.till.complete("stock")
        drop.till.sell("K-3", "7", 2)
        assert Decimal(36) == pieces(drop.open())

    def test_a_line_of_a_receipt_is_one_movement(self, drop: Drop) -> None:
        """However often it is told; another line of the same receipt is another one."""
        drop.till.sell("K-1", "7", 3)
        again = {"receipt": "K-1", "line": 1, "product": "7", "place": "winkel", "pieces": Decimal(3)}
        drop.till.delta("sales", again, again | {"line": 2, "pieces": Decimal(1)})
        channel = drop.open()
        told = {
            one.id: (one.order, one.parent, one.quantity, one.place, one.kind) for one in channel.facts(None).hand_overs
        }
        assert Decimal(36) == pieces(channel)
        assert {
            "K-1/1": ("K-1", "7", Decimal(3), "winkel", "till"),
            "K-1/2": ("K-1", "7", Decimal(1), "winkel", "till"),
        } == told

    def test_sales_go_on_from_their_cursor_though_the_figures_were_archived(self, drop: Drop) -> None:
        """Both read the same files, each as far as its own cursor says."""
        channel = drop.open()
        told = channel.facts(None)
        drop.till.sell("K-1", "7", 3)
        cursor = cursor_of(channel.changes(STOCK, None))
        rows_of(channel.changes(STOCK, cursor))
        later = channel.facts(told.cursor)
        assert ["K-1/1"] == [one.id for one in later.hand_overs]
        assert datetime(2026, 11, 21, 9, 15, tzinfo=UTC) == later.hand_overs[0].at
        assert [] == list(channel.facts(later.cursor).hand_overs)

    def test_sales_that_are_not_whole_yet_are_waited_for(self, drop: Drop) -> None:
        """They are no gap, and what has come behind them waits with them."""
        channel = drop.open()
        cursor = channel.facts(None).cursor
        half = drop.root / "in" / f"{drop.till.sell('K-1', '7', 1)}.json"
        told = half.read_bytes()
        half.unlink()
        drop.till.sell("K-2", "7", 1)
        assert [] == list(channel.facts(cursor).hand_overs)
        half.write_bytes(told)
        assert ["K-1/1", "K-2/1"] == [one.id for one in channel.facts(cursor).hand_overs]

    def test_a_sale_moves_its_figure_in_the_feed(self, drop: Drop) -> None:
        """A receipt is a change of the stock that it took."""
        channel = drop.open()
        cursor = cursor_of(channel.changes(STOCK, None))
        drop.till.sell("K-1", "7", 3)
        rows = rows_of(channel.changes(STOCK, cursor))
        assert [("7/winkel", Decimal(37))] == [(row.external_id, row.native["pieces"]) for row in rows]

    def test_a_difference_is_booked_once(self, drop: Drop) -> None:
        """It lies over the till's files until one says that it holds it."""
        channel = drop.open()
        assert None is only(channel.write(STOCK, [sold_apart(-5)])).error
        assert Decimal(35) == pieces(channel)
        drop.till.complete("stock")  # the listing of an hour ago: 40
        assert Decimal(35) == pieces(channel)
        drop.till.sell("K-1", "7", 1)  # it has imported by now
        assert Decimal(34) == pieces(channel)
        drop.till.complete("stock")
        assert Decimal(34) == drop.till.records["stock"]["7", "winkel"]["pieces"] == pieces(drop.open())

    def test_a_till_that_takes_figures_is_given_figures(self, drop: Drop) -> None:
        """By option: what comes of the difference and of all that it has told so far."""
        channel = drop.open(stock="figure")
        drop.till.sell("K-1", "7", 3)
        assert None is only(channel.write(STOCK, [sold_apart(-5)])).error
        (path,) = (drop.root / "out").glob("*.csv")
        assert ["product;place;pieces;mark", "7;winkel;32;t-2"] == path.read_text().splitlines()
        drop.till.read_ours()
        assert Decimal(32) == drop.till.records["stock"]["7", "winkel"]["pieces"] == pieces(channel)


class TestWrites:
    def test_a_listing_from_before_the_import_undoes_nothing(self, drop: Drop) -> None:
        """Neither what we changed nor what we made, until the till says that it has imported it."""
        channel = drop.open()
        new = {name: value for name, value in MUG.items() if name != "id"} | {"sku": "GLAS", "name": "Glas"}
        made = only(channel.write(PRODUCT, [Write("t-2", "create", "", new)]))
        cursor = cursor_of(channel.changes(PRODUCT, None))
        drop.till.complete("products")
        assert [] == rows_of(channel.changes(PRODUCT, cursor))
        assert {"7", made.external_id} == drop.products().keys()
        drop.till.read_ours()
        del drop.till.records["products"][made.external_id,]
        drop.till.complete("products")
        assert {"7"} == drop.products().keys()

    def test_a_manifest_that_does_not_say_what_was_imported_stops_the_lane(self, drop: Drop) -> None:
        """Where something of ours may be in the file or not."""
        channel = drop.open()
        channel.write(PRODUCT, [renamed("Beker")])
        drop.till.complete("products", imported=None)
        with pytest.raises(ContractBroken, match=r"products-2-complete .*must name imported"):
            drop.products()

    def test_only_changed_columns_are_sent(self, drop: Drop) -> None:
        """A column that is there with an empty cell would be emptied at the till."""
        drop.till.edit("products", ("8",), **MUG | {"id": "8", "sku": "GLAS"})
        writes = [renamed("Beker"), Write("t-5", "update", "8", {"vat": "9"}, {"vat": "21"})]
        assert {None} == {one.error for one in drop.open().write(PRODUCT, writes)}
        told = [path.read_text().splitlines() for path in sorted((drop.root / "out").glob("*.csv"))]
        assert [["id;name;mark", "7;Beker;t-1"], ["id;vat;mark", "8;9;t-5"]] == told

    def test_a_full_disk_has_sent_nothing(self, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is tried again later, and what the till sees is as before."""
        channel = drop.open()

        def full(*_given: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("adapters.file_drop.places.os.fsync", full)
        error = only(channel.write(PRODUCT, [renamed("Beker")])).error
        assert isinstance(error, Transient)
        assert "No space left on device" in str(error)
        assert [] == drop.till.names("out")

    @pytest.mark.parametrize("happened", [True, False])
    def test_a_manifest_that_may_have_got_its_name_is_doubt(
        self, drop: Drop, monkeypatch: pytest.MonkeyPatch, happened: bool
    ) -> None:
        """Its mark in the rows says afterwards whether it did."""

        class Breaking(Folder):
            def publish(self, folder: str, staged: str, name: str) -> bool:
                if happened:
                    super().publish(folder, staged, name)
                raise ConnectionError("gone")

        monkeypatch.setattr(drop_channel, "place_of", lambda options: Breaking(options.folder))
        assert isinstance(only(drop.open().write(PRODUCT, [renamed("Beker")])).error, AmbiguousWrite)
        monkeypatch.undo()
        evidence = drop.open().landed(PRODUCT, renamed("Beker"))
        assert (Evidence(True, "7") if happened else Evidence(False)) == evidence
        assert ("Beker" if happened else "Mok") == drop.products()["7"]["name"]

    def test_two_processes_that_write_at_once_have_two_numbers(
        self, drop: Drop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither replaces the other's file; the till imports both."""
        other = drop.open()

        class Slow(Folder):
            def publish(self, folder: str, staged: str, name: str) -> bool:
                if name == "stock-1-delta.json":
                    other.write(STOCK, [sold_apart(-2, "t-8")])
                return super().publish(folder, staged, name)

        monkeypatch.setattr(drop_channel, "place_of", lambda options: Slow(options.folder))
        channel = drop.open()
        assert None is only(channel.write(STOCK, [sold_apart(-5)])).error
        drop.till.read_ours()
        assert {"stock": 2} == {holds: n for holds, n in drop.till.imported.items() if n}
        assert Decimal(33) == drop.till.records["stock"]["7", "winkel"]["pieces"] == pieces(channel)
        assert 4 == len(drop.till.names("out"))

    def test_a_share_without_hard_links_is_written_to(self, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
        """A manifest gets its name all the same, and replaces none that is there."""

        def link(*_given: Any) -> None:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

        monkeypatch.setattr("adapters.file_drop.places.os.link", link)
        channel = drop.open()
        assert None is only(channel.write(PRODUCT, [renamed("Beker")])).error
        assert "Beker" == drop.products()["7"]["name"]
        place = Folder(str(drop.root))
        place.put("out", "staged.tmp", b"another")
        assert not place.publish("out", "staged.tmp", "products-1-delta.json")

    def test_two_of_one_key_are_not_made(self, drop: Drop) -> None:
        """Neither beside one that is there, nor in one call."""
        new = {name: value for name, value in MUG.items() if name != "id"}
        writes = [Write(f"t-{sku}{n}", "create", "", new | {"sku": sku}) for n in (1, 2) for sku in ("mok", "GLAS")]
        results = {one.token: type(one.error) for one in drop.open().write(PRODUCT, writes)}
        assert {"t-mok1": Stale, "t-mok2": Stale, "t-GLAS1": type(None), "t-GLAS2": Stale} == results


class TestNames:
    def test_what_is_called_otherwise_is_let_be_and_told(self, drop: Drop) -> None:
        """A name that leads elsewhere, or holds what a terminal would obey, is neither read nor shown as it is."""
        strange = ["..products-2-delta.csv", "products-2-delta.csv\x1b[2J", "producten.csv", "products-0-delta.csv"]
        for name in (*strange, "sales-1-complete.csv"):
            (drop.root / "in" / name).write_bytes(b"id\r\n9\r\n")
        secret = drop.root / "secret.csv"
        secret.write_bytes(b"id\r\n9\r\n")
        (drop.root / "in" / "products-2-delta.csv").symlink_to(secret)
        (drop.root / "in" / "products-2-delta.json").symlink_to(secret)
        assert {"7"} == drop.products().keys()
        told = [one for one in drop.open().check() if one.what == "files in in/"]
        assert [True] == [one.warning for one in told]
        assert r"'products-2-delta.csv\x1b[2J'" in told[0].detail
        assert "\x1b" not in told[0].detail

    def test_a_manifest_of_ours_leads_to_no_other_file(self, drop: Drop) -> None:
        """Whoever can write into out/ makes nothing else be read."""
        channel = drop.open()
        channel.write(PRODUCT, [renamed("Beker")])
        path = drop.root / "out" / "products-1-delta.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"file": "../archive/x.csv"}))
        with pytest.raises(ContractBroken, match="products-1-delta in out/ is not ours"):
            drop.products()

    def test_ids_with_a_slash_stay_apart(self, drop: Drop) -> None:
        """A product a/b on list c is not the product a on list b/c."""
        rows = [{"product": "a/b", "list": "winkel", "amount": Decimal(1)}]
        drop.till.delta("prices", *rows, {"product": "a", "list": "b/winkel", "amount": Decimal(2)})
        found = drop.open().find_of(PRICE, ["a/b", "a"])
        assert ([Decimal(1)], []) == ([row.native["amount"] for row in found["a/b"]], list(found["a"]))


class TestChecks:
    def test_a_folder_that_is_missing_is_named(self, drop: Drop) -> None:
        """With what is to be made; nothing is made by itself."""
        (drop.root / "answers").rmdir()
        findings = [one for one in drop.open().check() if not one.ok]
        assert ["make answers in the configured folder"] == [one.remedy for one in findings]
        assert not (drop.root / "answers").exists()

    def test_a_share_that_is_not_mounted_is_no_empty_till(self, tmp_path: Path) -> None:
        """It is asked again later, and nothing is gone."""
        drop = Drop(tmp_path / "drop")
        (tmp_path / "drop").rename(tmp_path / "elsewhere")
        with pytest.raises(Transient, match="list in/: No such file or directory"):
            drop.products()

    def test_what_the_till_refused_afterwards_is_told(self, drop: Drop) -> None:
        """By file and line; its complaint, which may quote, stays in the file."""
        channel = drop.open()
        channel.write(PRODUCT, [renamed("Beker")])
        path = drop.root / "out" / "products-1-delta.answer.csv"
        path.write_text("line;column;complaint\r\n2;name;Beker is te kort\r\n")
        (found,) = [one for one in channel.check() if one.what.startswith("out/")]
        assert ("the till refused line 2", True) == (found.detail, found.warning)

    def test_a_gap_and_a_strange_place_are_found_before_anything_runs(self, drop: Drop) -> None:
        """A technician sees them at once, with the remedy."""
        drop.till.records["stock"] = {("7", "Winkel"): {"product": "7", "place": "Winkel", "pieces": Decimal(1)}}
        drop.till.complete("stock")
        drop.till.numbers["products"] = 5
        drop.till.delta("products", MUG)
        told = {one.what: one for one in drop.open().check() if not one.ok}
        assert "number 5 of product is missing" in told["products"].detail
        assert ("no row of winkel", True) == (told["stock"].detail, told["stock"].warning)

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"folder": "drop"}, "whole path"),
            ({"folder": "/srv/../etc"}, "without .."),
            ({"delimiter": ",", "decimal": ","}, "decimal sign"),
            ({"timezone": "Utrecht"}, "Europe/Amsterdam"),
            ({"user": "till"}, "name the host"),
            ({"host": "till.example", "user": "till", "password": "x"}, "either host_key or known_hosts"),
            ({"host": "till.example", "password": "x", "known_hosts": "/k"}, "needs a user"),
            ({"host": "till.example", "user": "till", "password": "x", "host_key": "aa:bb"}, "SHA256:"),
        ],
    )
    def test_a_wrong_key_says_what_is_wanted(self, wrong: dict[str, Any], told: str) -> None:
        """Before anything is opened."""
        with pytest.raises(ValidationError, match=told):
            file_drop.Options(**{"folder": "/srv/drop"} | wrong)
