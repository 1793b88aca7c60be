"""The file drop over SFTP: whom it speaks to, and connections that break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from adapters import file_drop
from adapters.file_drop.places import UNFINISHED
from adapters.file_drop.sftp import Sftp, fingerprint_of
from connector.contract import Evidence
from connector.errors import AmbiguousWrite, AuthFailed, Transient
from tests.contract.sftp_server import PASSWORD, USER, Server
from tests.contract.test_file_drop import MUG, PRODUCT, Drop, only, renamed


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    """A till with a mug."""
    made = Drop(tmp_path / "drop")
    made.start()
    return made


@pytest.fixture
def server(drop: Drop) -> Iterator[Server]:
    """Its folder on a server."""
    made = Server(drop.root)
    yield made
    made.close()


def where(server: Server, **other: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "user": USER, "password": PASSWORD}
    return known | {"host_key": fingerprint_of(server.key)} | other


class TestWhom:
    def test_a_key_that_is_not_the_configured_one_ends_the_connection(self, drop: Drop, server: Server) -> None:
        """Before the password is told; the key that was shown is named, so that a person can compare."""
        other = fingerprint_of(paramiko.ECDSAKey.generate())
        with pytest.raises(AuthFailed, match="another host key than host_key says") as caught:
            drop.products(**where(server, host_key=other))
        assert fingerprint_of(server.key) in str(caught.value)
        assert [] == server.users

    def test_the_server_of_known_hosts_is_taken(self, drop: Drop, server: Server, tmp_path: Path) -> None:
        """In the form of OpenSSH, with its port."""
        line = f"[127.0.0.1]:{server.port} {server.key.get_name()} {server.key.get_base64()}\n"
        (tmp_path / "known").write_text(line)
        assert {"7"} == drop.products(**where(server, host_key=None, known_hosts=str(tmp_path / "known"))).keys()

    @pytest.mark.parametrize("known", ["", "other"])
    def test_a_server_that_is_not_in_known_hosts_is_refused(
        self, drop: Drop, server: Server, tmp_path: Path, known: str
    ) -> None:
        """An unknown one, or one with another key; none is learned by looking."""
        other = paramiko.ECDSAKey.generate()
        line = f"[127.0.0.1]:{server.port} {other.get_name()} {other.get_base64()}\n" if known else ""
        (tmp_path / "known").write_text(line)
        with pytest.raises(AuthFailed, match="known_hosts"):
            drop.products(**where(server, host_key=None, known_hosts=str(tmp_path / "known")))
        assert [] == server.users
        assert line == (tmp_path / "known").read_text()

    def test_a_wrong_password_is_for_a_person(self, drop: Drop, server: Server) -> None:
        """It is not tried again, and not told."""
        with pytest.raises(AuthFailed) as caught:
            drop.products(**where(server, password="een-ander"))
        assert "een-ander" not in str(caught.value)
        assert [USER] == server.users

    def test_a_private_key_opens_instead_of_a_password(self, drop: Drop, server: Server, tmp_path: Path) -> None:
        """Its text is the secret, so that the configuration takes it from a file."""
        key = paramiko.ECDSAKey.generate()
        key.write_private_key_file(str(tmp_path / "key"))
        server.allowed = key
        text = (tmp_path / "key").read_text()
        assert {"7"} == drop.products(**where(server, password=None, key=text)).keys()
        with pytest.raises(AuthFailed, match="private key cannot be read"):
            drop.products(**where(server, password=None, key="no key at all"))


class TestBroken:
    def test_a_connection_that_broke_is_made_anew_for_reading(self, drop: Drop, server: Server) -> None:
        """In the middle of a sweep; the reading goes on, and says nothing of it."""
        channel = drop.open(**where(server))
        assert 1 == len(list(channel.read(PRODUCT, ["7"])))
        server.hang_up()
        drop.till.delta("products", MUG | {"name": "Beker"})
        assert ["Beker"] == [row.native["name"] for row in channel.read(PRODUCT, ["7"])]

    def test_a_call_that_broke_off_leaves_the_next_one_a_new_connection(self, drop: Drop, server: Server) -> None:
        """A write is not repeated by itself, so the next one must not meet the old connection."""
        place = Sftp(file_drop.Options(folder=str(drop.root), **where(server)))
        place.put("answers", "a.csv", b"one")
        server.hang_up()
        with pytest.raises(ConnectionError):
            place.put("answers", "b.csv", b"two")
        place.put("answers", "b.csv", b"three")
        place.close()
        assert b"three" == (drop.root / "answers" / "b.csv").read_bytes()

    def test_a_server_that_is_away_is_asked_again_later(self, drop: Drop, server: Server) -> None:
        """Nothing is concluded from it."""
        given = where(server)
        server.close()
        with pytest.raises(Transient):
            drop.products(**given)

    def test_a_disk_that_is_full_over_there_has_sent_nothing(self, drop: Drop, server: Server) -> None:
        """What was begun is taken away again."""
        channel = drop.open(**where(server))
        channel.read(PRODUCT, ["7"])
        server.before = lambda kind, _path: paramiko.SFTP_FAILURE if kind == "rename" else None
        assert isinstance(only(channel.write(PRODUCT, [renamed("Beker")])).error, Transient)
        assert [] == drop.till.names("out")

    def test_a_connection_that_breaks_at_the_manifest_is_doubt(self, drop: Drop, server: Server) -> None:
        """Its mark says afterwards that it has happened."""

        def hang_up(kind: str, _path: str) -> None:
            if kind == "publish":
                server.hang_up()

        channel = drop.open(**where(server))
        server.after = hang_up
        assert isinstance(only(channel.write(PRODUCT, [renamed("Beker")])).error, AmbiguousWrite)
        assert Evidence(True, "7") == channel.landed(PRODUCT, renamed("Beker"))

    def test_a_name_that_is_taken_is_not_given_twice(self, drop: Drop, server: Server) -> None:
        """A manifest never replaces another; an answer does."""
        place = Sftp(file_drop.Options(folder=str(drop.root), **where(server)))
        for content in (b"one", b"two"):
            place.put("out", f"staged{UNFINISHED}", content)
            assert (content == b"one") == place.publish("out", f"staged{UNFINISHED}", "stock-1-delta.json")
            place.put("answers", "stock-1-delta.csv", content)
        place.close()
        assert b"one" == (drop.root / "out" / "stock-1-delta.json").read_bytes()
        assert b"two" == (drop.root / "answers" / "stock-1-delta.csv").read_bytes()
