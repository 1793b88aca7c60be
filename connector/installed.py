"""What is installed beside the engine, found by entry points alone: the engine names no vendor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from connector.contract import AdapterType

ADAPTERS = "connector.adapters"
SANDBOXES = "connector.sandboxes"


class Installed(Mapping[str, Any]):
    """Name → what its entry point names; imported when first looked up, not before."""

    def __init__(self, group: str) -> None:
        self._points: dict[str, EntryPoint] = {point.name: point for point in entry_points(group=group)}

    def __getitem__(self, name: str) -> Any:
        """Raises KeyError where nothing has that name, ImportError where it cannot be loaded."""
        return self._points[name].load()

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._points))

    def __len__(self) -> int:
        return len(self._points)


def adapters() -> Mapping[str, AdapterType]:
    """The adapters by the name that ``adapter = "…"`` gives them."""
    return cast("Mapping[str, AdapterType]", Installed(ADAPTERS))


def sandboxes() -> Mapping[str, Any]:
    """The stand-ins by the name of the system they stand in for."""
    return Installed(SANDBOXES)
