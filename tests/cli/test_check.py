"""``connector check``: green and red lines with the remedy, and nothing changed."""

from __future__ import annotations

import pytest

from tests.cli.conftest import CONFIG, MAPPING, Shop


def moody(shop: Shop, mood: str) -> Shop:
    shop.write("config.toml", CONFIG.replace("[sync", f'mood = "{mood}"\n[sync'))
    return shop


def test_everything_is_well(shop: Shop) -> None:
    """With all in order each thing tried is a line, and the exit status 0."""
    ran = shop.run("check")
    assert "✓ config: config.toml, 1 channels" in ran.out
    assert "✓ shop mapping: product" in ran.out
    assert "✓ shop answers: names [<Entity.PRODUCT: 'product'>]" in ran.out
    assert "✓ ledger: none yet; the first `sync` makes it" in ran.out
    assert "Nothing was changed." in ran.out
    assert (0, "") == (ran.status, ran.err)


def test_nothing_is_changed(shop: Shop) -> None:
    """Trying everything makes no ledger and leaves no file behind."""
    before = {path for path in shop.folder.rglob("*") if "__pycache__" not in path.parts}
    assert 0 == shop.run("check").status
    assert before == {path for path in shop.folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.parametrize(
    ("mood", "status", "expected"),
    [
        ("wary", 0, "! shop clock: 3 s off\n  → set the clock\n"),
        ("ill", 1, "✗ shop permissions: may not write\n  → grant it\n"),
        ("locked", 3, "✗ shop: GET /me: 401\n"),
        ("silent", 3, "✗ shop: GET /me: no answer\n"),
    ],
)
def test_what_a_channel_says(shop: Shop, mood: str, status: int, expected: str) -> None:
    """A warning stops nothing, a fault is left over, a channel that lets nobody in is unreachable."""
    ran = moody(shop, mood).run("check")
    assert status == ran.status
    assert expected in ran.out


def test_a_wrong_configuration_is_a_red_line(shop: Shop) -> None:
    """Problems of the file are lines like any other, with their remedy, and exit status 2."""
    shop.write("config.toml", CONFIG.replace("url =", "ulr ="))
    ran = shop.run("check")
    assert 2 == ran.status
    assert "✗ config.toml:3: unknown key ulr\n  → did you mean url?\n" in ran.out


def test_a_wrong_mapping_is_a_red_line(shop: Shop) -> None:
    """A mapping's problems name its file and line."""
    shop.write("stall.toml", MAPPING.replace('convert = ["code"]', 'convert = ["cod"]'))
    ran = shop.run("check")
    assert 2 == ran.status
    assert "stall.toml:6: unknown converter cod" in ran.out


def test_others_may_read_the_secrets(shop: Shop) -> None:
    """A .env that others can read is a warning with the command that mends it."""
    shop.write(".env", "X=1\n").chmod(0o644)
    ran = shop.run("check")
    assert "others on this machine may read the secrets in it" in ran.out
    assert f"→ chmod 600 {shop.folder}/.env" in ran.out
    assert 0 == ran.status


def test_for_scripts(shop: Shop) -> None:
    """With ``--json`` there is one document, and nothing else on stdout."""
    document = moody(shop, "ill").run("check", "--json").document
    assert not document["ok"]
    found = [one for one in document["findings"] if one["what"] == "shop permissions"]
    expected = {"about": "shop", "what": "shop permissions", "ok": False, "warning": False}
    assert [{**expected, "detail": "may not write", "remedy": "grant it"}] == found
