"""Where the mapping that comes with an adapter stands, by the adapter's name: ``NAME.toml``.

It stands in ``mappings/``, or in the package that an installed distribution names for it under the entry
point group ``connector.mappings``. Nothing is imported for that, and no file is read.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

#: The adapter's name → the package that holds its mapping.
GROUP: Final = "connector.mappings"
_OWN: Final = "mappings"


def shipped_mapping(adapter: str) -> Path:
    """Where the mapping of an adapter stands, if there is one; nobody can take the place of one of ours."""
    own = _folder(_OWN) / f"{adapter}.toml"
    packages = () if own.is_file() else entry_points(group=GROUP, name=adapter)
    return next((_folder(point.module) / own.name for point in packages), own)


def shipped_names() -> list[str]:
    """The names of all of them, sorted."""
    own = {file.stem for file in _folder(_OWN).glob("*.toml")}
    return sorted(own | entry_points(group=GROUP).names)


def _folder(package: str) -> Path:
    found = find_spec(package)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places or (package,))))
