"""A mapping that an installed package brings along is found by its adapter's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.mapping.load import load_mapping
from connector.mapping.shipped import shipped_mapping, shipped_names
from connector.model.entity import Entity

OWN = 'format = 1\nadapter = "kiosk"\n[product.fields]\nname = { remote = "label" }\n'


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that names the package of its mappings, one of which has a name that is taken."""
    points = "[connector.mappings]\nkiosk = kiosk_adapter\nmagento2 = kiosk_adapter\nlost = no_such_package\n"
    files = {
        "kiosk-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: kiosk\nVersion: 1\n",
        "kiosk-1.dist-info/entry_points.txt": points,
        "kiosk_adapter/__init__.py": "raise RuntimeError('looked for, never imported')\n",
        "kiosk_adapter/kiosk.toml": OWN,
        "kiosk_adapter/magento2.toml": OWN,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_installed")
def test_an_installed_package_brings_its_mapping() -> None:
    """It loads under the adapter's name, without the package's code being run, and is listed with ours."""
    assert "label" in load_mapping("kiosk").entities[Entity.PRODUCT].native_names
    assert {"kiosk", "lost", "magento2"} <= set(shipped_names())


@pytest.mark.usefixtures("_installed")
def test_a_shop_extends_it_by_its_name(tmp_path: Path) -> None:
    """What differs is written over it, as over one of ours."""
    file = tmp_path / "own.toml"
    file.write_text('format = 1\nextends = "kiosk"\n[product.fields]\nsku = { remote = "code" }\n', encoding="utf-8")
    assert {"label", "code"} == load_mapping(file).entities[Entity.PRODUCT].native_names


@pytest.mark.usefixtures("_installed")
def test_nobody_takes_the_place_of_one_of_ours() -> None:
    """A package that names a mapping of a name that is taken changes nothing."""
    assert "mappings" == shipped_mapping("magento2").parent.name


@pytest.mark.usefixtures("_installed")
def test_a_package_that_is_not_there_is_told_as_a_missing_file() -> None:
    """A broken entry point is a problem with its remedy, not a traceback."""
    with pytest.raises(ConfigError, match=r"lost\.toml: cannot be read"):
        load_mapping("lost")
