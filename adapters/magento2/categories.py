"""Categories as paths of names below their root: ``Kleding/Truien``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.magento2.api import ALL, Api
from connector.errors import Rejected

_TREE: Final = f"{ALL}/categories"


class Categories:
    """The shop's category tree. Renaming a category moves no product's date: the tree is read anew for each listing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._paths: dict[str, str] | None = None

    def forget(self) -> None:
        """Read the tree again when it is next needed."""
        self._paths = None

    def paths_of(self, item: Mapping[str, Any]) -> list[str]:
        """The categories of a product, sorted."""
        ids = item.get("custom_attributes", {}).get("category_ids") or ()
        known = self._known()
        return sorted(known[str(id_)] for id_ in ids if str(id_) in known)

    def links_for(self, paths: Sequence[str], item: Mapping[str, Any]) -> list[dict[str, Any]]:
        """``category_links`` for a product: the shop replaces them as a whole, so positions and links of another
        root are kept. Raises Rejected for a path that the shop does not have: it would drop it without a word."""
        known = self._known()
        ids = {path.casefold(): id_ for id_, path in known.items()}
        missing = [path for path in paths if path.casefold() not in ids]
        if missing:
            raise Rejected(
                "the shop has no such category",
                fields={"categories": ", ".join(missing)},
                remedy="create the category in the shop, below the root of its store",
            )
        wanted = [ids[path.casefold()] for path in paths]
        now = {str(one["category_id"]): one for one in item.get("extension_attributes", {}).get("category_links") or ()}
        others = [one for id_, one in now.items() if id_ not in known]
        return others + [now.get(id_) or {"position": 0, "category_id": id_} for id_ in dict.fromkeys(wanted)]

    def _known(self) -> dict[str, str]:
        if self._paths is None:
            root = self._api.get(_TREE, "product")
            self._paths = dict(_below(root, ""))
        return self._paths


def _below(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Ids and paths of all categories below one; the root itself has no name in the paths."""
    for child in node.get("children_data") or ():
        here = f"{path}/{child['name']}" if path else str(child["name"])
        yield str(child["id"]), here
        yield from _below(child, here)
