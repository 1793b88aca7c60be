"""A till that speaks in files, for tests: it writes and reads them with code of its own, and knows no adapter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

#: What a series is numbered by; receipts are numbered among the stock figures.
SERIES = {"sales": "stock"}
IDENTITY = {"products": ("id",), "customers": ("id",), "prices": ("product", "list"), "stock": ("product", "place")}


class PaperTill:
    """Its records, by what they are and their id, and the folder through which it speaks."""

    def __init__(self, root: Path, *, encoding: str = "utf-8", decimal: str = ",", delimiter: str = ";") -> None:
        self.root = root
        self.encoding, self.decimal, self.delimiter = encoding, decimal, delimiter
        self.records: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {one: {} for one in IDENTITY}
        self.numbers: dict[str, int] = {}
        self.imported: dict[str, int] = dict.fromkeys(IDENTITY, 0)
        for folder in ("in", "out", "answers", "archive"):
            (root / folder).mkdir(parents=True)

    # --- what it writes

    def delta(self, holds: str, *rows: Mapping[str, Any], **said: Any) -> str:
        return self.write(holds, "delta", rows, **said)

    def complete(self, holds: str, **said: Any) -> str:
        return self.write(holds, "complete", list(self.records[holds].values()), **said)

    def write(self, holds: str, kind: str, rows: Iterable[Mapping[str, Any]], **said: Any) -> str:
        """A file and its manifest; ``said`` replaces what the manifest says. Answers the stem."""
        listed = [dict(row) for row in rows]
        names = list(dict.fromkeys(name for row in listed for name in row)) or list(IDENTITY.get(holds, ("receipt",)))
        lines = [names, *([self.cell(row.get(name)) for name in names] for row in listed)]
        data = "".join(self.delimiter.join(map(self.quoted, line)) + "\r\n" for line in lines).encode(self.encoding)
        return self.put(holds, kind, data, rows=len(listed), **said)

    def put(self, holds: str, kind: str, data: bytes, *, rows: int, number: int = 0, **said: Any) -> str:
        """A file of these bytes, under the next number of its series unless another is given."""
        series = SERIES.get(holds, holds)
        number = number or self.numbers.get(series, 0) + 1
        self.numbers[series] = max(number, self.numbers.get(series, 0))
        stem = f"{holds}-{number}-{kind}"
        (self.root / "in" / f"{stem}.csv").write_bytes(data)
        manifest = {
            "entity": holds,
            "sequence": number,
            "kind": kind,
            "rows": rows,
            "sha256": hashlib.sha256(data).hexdigest(),
            "encoding": self.encoding,
            "decimal": self.decimal,
            "delimiter": self.delimiter,
            "imported": self.imported[series],
        } | said
        told = {name: value for name, value in manifest.items() if value is not None}
        (self.root / "in" / f"{stem}.json").write_text(json.dumps(told))
        return stem

    def cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "1" if value else "0"
        return str(value).replace(".", self.decimal) if isinstance(value, Decimal) else str(value)

    def quoted(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in f'"\r\n{self.delimiter}') else text

    # --- what it reads

    def read_ours(self) -> None:
        """Import whatever has come since, as the till does every few minutes."""
        for path in sorted((self.root / "out").glob("*.json"), key=lambda one: int(one.name.split("-")[1])):
            told = json.loads(path.read_text())
            if told["sequence"] > self.imported[told["entity"]]:
                self._import(told)

    def _import(self, told: Mapping[str, Any]) -> None:
        data = (self.root / "out" / told["file"]).read_bytes()
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        names, *rows = self.split(data.decode(told["encoding"]), told["delimiter"])
        assert told["rows"] == len(rows)
        for cells in rows:
            self._take(told["entity"], dict(zip(names, cells, strict=True)), told["decimal"])
        self.imported[told["entity"]] = told["sequence"]

    def _take(self, holds: str, row: dict[str, str], sign: str) -> None:
        row.pop("mark")
        id_ = tuple(row[name] for name in IDENTITY[holds])
        if row.pop("deleted", "") == "1":
            self.records[holds].pop(id_, None)
            return
        record = self.records[holds].setdefault(id_, {})
        pieces = row.pop("difference", None)
        if pieces is not None:
            record["pieces"] = record.get("pieces", Decimal(0)) + Decimal(pieces.replace(sign, "."))
        for name, text in row.items():
            record[name] = Decimal(text.replace(sign, ".")) if name in ("amount", "pieces", "weight") and text else text

    @staticmethod
    def split(text: str, delimiter: str) -> list[list[str]]:
        """Cells of each line; quotation marks around a cell may hold anything."""
        lines: list[list[str]] = [[""]]
        within = False
        for at, sign in enumerate(text):
            if sign == '"':
                within = not within
                lines[-1][-1] += '"' if within and text[at - 1 : at] == '"' and lines[-1][-1] else ""
            elif not within and sign == delimiter:
                lines[-1].append("")
            elif not within and sign == "\n":
                lines.append([""])
            elif within or sign != "\r":
                lines[-1][-1] += sign
        return [line for line in lines if line != [""]]

    # --- what people do there

    def edit(self, holds: str, id_: tuple[str, ...], **values: Any) -> str:
        """Somebody changes a record, which the till tells in its next file."""
        self.read_ours()
        record = self.records[holds].setdefault(id_, dict(zip(IDENTITY[holds], id_, strict=True)))
        record |= values
        return self.delta(holds, record)

    def delete(self, holds: str, id_: tuple[str, ...]) -> str:
        self.read_ours()
        del self.records[holds][id_]
        return self.delta(holds, dict(zip(IDENTITY[holds], id_, strict=True)) | {"deleted": True})

    def sell(self, receipt: str, product: str, pieces: int, *, place: str = "winkel", line: int = 1) -> str:
        """Over the counter; the figure goes down, and the receipt is told."""
        self.read_ours()
        record = self.records["stock"].get((product, place))
        if record is not None:
            record["pieces"] -= pieces
        sale = {"receipt": receipt, "line": line, "product": product, "place": place, "pieces": Decimal(pieces)}
        return self.delta("sales", sale | {"sold_at": "2026-11-21T10:15:00"})

    def answers(self, stem: str) -> list[list[str]]:
        """The lines of our answer to a file, without their names."""
        data = (self.root / "answers" / f"{stem}.csv").read_bytes()
        return self.split(data.decode(self.encoding), self.delimiter)[1:]

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.root / folder).iterdir())
