"""The skeleton of an adapter, made in a folder of its own and installed there as any package is, for this process."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from connector.cli.skeleton import make, package_of


@contextmanager
def outside(name: str, folder: Path, flaw: tuple[str, str, str] | None = None) -> Iterator[ModuleType]:
    """Its module ``in_memory``: the adapter on a system in memory. ``flaw``: a file, a text in it, one instead."""
    make(name, folder)
    if flaw is not None:
        _replace(folder / flaw[0], *flaw[1:])
    package, points = package_of(name), folder / f"{name}-1.dist-info"
    points.mkdir()
    (points / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", encoding="utf-8")
    (points / "entry_points.txt").write_text(
        f"[connector.adapters]\n{name} = {package}:Adapter\n[connector.mappings]\n{name} = {package}\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.syspath_prepend(folder / "tests")
        yield importlib.import_module("in_memory")
    for module in [one for one in sys.modules if one.split(".")[0] in (package, "in_memory")]:
        del sys.modules[module]


def _replace(path: Path, stands: str, instead: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert 1 == text.count(stands)
    path.write_text(text.replace(stands, instead), encoding="utf-8")
