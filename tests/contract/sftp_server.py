"""An SFTP server on loopback, with a folder of this machine behind it, and with bad days on demand."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface

USER, PASSWORD = "till", "geheim-van-de-winkel"


class Server:
    """Takes one connection after the other. Counts calls: a listing, a file that is opened, a name that is given."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key = paramiko.ECDSAKey.generate()
        self.calls = 0
        #: Who tried to come in; a client that does not like our key never says.
        self.users: list[str] = []
        #: The private key whose holder is let in, too.
        self.allowed: paramiko.PKey | None = None
        #: Asked before each call, with its kind and path: what it answers is the status instead of doing it.
        self.before: Callable[[str, str], int | None] = lambda _kind, _path: None
        #: Told after each call that was done.
        self.after: Callable[[str, str], None] = lambda _kind, _path: None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(taken)
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", SFTPServer, _Files, self)
            self._transports.append(transport)
            try:
                transport.start_server(server=_Door(self))
            except (paramiko.SSHException, EOFError, OSError):
                transport.close()  # a client that did not like our key

    def hang_up(self) -> None:
        """Every connection breaks; a new one is taken."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()

    def close(self) -> None:
        with suppress(OSError):  # it may be closed already
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a connection
        self._listener.close()
        self.hang_up()


class _Door(paramiko.ServerInterface):
    def __init__(self, server: Server) -> None:
        self._server = server

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        known = (username, key) == (USER, self._server.allowed)
        return paramiko.common.AUTH_SUCCESSFUL if known else paramiko.common.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self._server.users.append(username)
        known = (username, password) == (USER, PASSWORD)
        return paramiko.common.AUTH_SUCCESSFUL if known else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"


class _Files(SFTPServerInterface):
    """What the server does with the folder, as OpenSSH does: to rename never replaces."""

    def __init__(self, door: Any, server: Server) -> None:
        super().__init__(door)
        self._server = server

    def _done(self, kind: str, path: str, call: Callable[[], Any]) -> Any:
        status = self._server.before(kind, path)
        if status is not None:
            return status
        try:
            done = call()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        self._server.after(kind, path)
        return paramiko.SFTP_OK if done is None else done

    def list_folder(self, path: str) -> Any:
        self._server.calls += 1
        return self._done("list", path, lambda: [_attributes(one) for one in Path(path).iterdir()])

    def stat(self, path: str) -> Any:
        return self._done("stat", path, lambda: SFTPAttributes.from_stat(os.stat(path)))

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> Any:
        self._server.calls += 1
        return self._done("open", path, lambda: _handle(path, flags))

    def rename(self, oldpath: str, newpath: str) -> Any:
        published = newpath.endswith(".json") and Path(newpath).parent.name == "out"
        self._server.calls += published or not oldpath.endswith(".tmp")
        return self._done("publish" if published else "rename", newpath, lambda: _renamed(oldpath, newpath))

    def remove(self, path: str) -> Any:
        return self._done("remove", path, lambda: os.remove(path))


def _attributes(path: Path) -> SFTPAttributes:
    return SFTPAttributes.from_stat(path.lstat(), path.name)


def _handle(path: str, flags: int) -> SFTPHandle:
    file = os.fdopen(os.open(path, flags, 0o600), "rb" if flags & os.O_ACCMODE == os.O_RDONLY else "wb")
    handle = SFTPHandle(flags)
    handle.readfile = handle.writefile = file  # type: ignore[attr-defined]  # as paramiko's handles have it
    return handle


def _renamed(old: str, new: str) -> None:
    os.link(old, new)
    os.remove(old)
