"""The folder on an SFTP server. Only here is paramiko imported: the extra ``sftp`` brings it."""

from __future__ import annotations

import base64
import hashlib
import io
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from adapters.file_drop.options import Options
from adapters.file_drop.places import unfinished
from connector.errors import AuthFailed

if TYPE_CHECKING:
    from paramiko import MissingHostKeyPolicy, PKey, SFTPClient, SSHClient

_T = TypeVar("_T")
_CHUNK: Final = 32768
#: What paramiko says, as a plain OSError, of a connection that is no more.
_CLOSED: Final = "Socket is closed"


class Sftp:
    """One connection, made when it is first needed and made anew when it broke.

    The server must be the one that is configured: no key is ever learned by looking. How durable a file is there
    when a call returns is the server's affair; it is whole under its name, or not there.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._root = PurePosixPath(options.folder)
        self._client: SSHClient | None = None
        self._open: SFTPClient | None = None

    def names(self, folder: str) -> Mapping[str, int]:
        listed = self._asked(lambda sftp: sftp.listdir_attr(self._path(folder)))
        return {one.filename: one.st_size or 0 for one in listed if _is_plain(one.st_mode)}

    def read(self, folder: str, name: str) -> bytes:
        return self._asked(lambda sftp: _content(sftp, self._path(folder, name)))

    def put(self, folder: str, name: str, data: bytes) -> None:
        staged, final = self._path(folder, unfinished()), self._path(folder, name)
        self._asked(lambda sftp: _put(sftp, staged, final, data))

    def publish(self, folder: str, staged: str, name: str) -> bool:
        return self._asked(lambda sftp: _published(sftp, self._path(folder, staged), self._path(folder, name)))

    def move(self, name: str, source: str, target: str, new_name: str) -> None:
        self._asked(lambda sftp: sftp.rename(self._path(source, name), self._path(target, new_name)))

    def remove(self, folder: str, name: str) -> None:
        self._asked(lambda sftp: sftp.remove(self._path(folder, name)))

    def close(self) -> None:
        client, self._client, self._open = self._client, None, None
        if client is not None:
            client.close()

    def _path(self, *parts: str) -> str:
        return str(self._root.joinpath(*parts))

    def _asked(self, call: Callable[[SFTPClient], _T]) -> _T:
        with self._broken_off():
            return call(self._session())

    @contextmanager
    def _broken_off(self) -> Iterator[None]:
        """A connection that is no more, as the OSError that it is; the next call makes a new one."""
        try:
            from paramiko import SSHException
        except ImportError as error:
            raise AuthFailed("SFTP needs paramiko: install the connector with its extra sftp") from error

        try:
            yield
        except (SSHException, EOFError, ConnectionError, TimeoutError) as error:
            self.close()
            raise ConnectionError(f"the SFTP server broke off ({type(error).__name__})") from error
        except OSError as error:
            if str(error) != _CLOSED:  # else the server itself said so, and the connection is well
                raise
            self.close()
            raise ConnectionError("the SFTP server broke off") from error

    def _session(self) -> SFTPClient:
        if self._open is None:
            self._client = self._connected()
            self._open = self._client.open_sftp()
            channel = self._open.get_channel()
            if channel is not None:
                channel.settimeout(self._options.timeout_s)
        return self._open

    def _connected(self) -> SSHClient:
        """A session with the configured server and nobody else. Raises AuthFailed where a person has to mend it."""
        from paramiko import AuthenticationException, BadHostKeyException, SSHClient

        options, client = self._options, SSHClient()
        self._know(client)
        limits: dict[str, Any] = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), options.timeout_s)
        try:
            client.connect(
                str(options.host),
                options.port,
                options.user,
                None if options.password is None else options.password.get_secret_value(),
                self._key(),
                allow_agent=False,
                look_for_keys=False,
                **limits,
            )
        except BadHostKeyException as error:
            client.close()
            raise AuthFailed("the SFTP server shows another host key than the one in known_hosts") from error
        except AuthenticationException as error:
            client.close()
            raise AuthFailed("the SFTP server refuses the user, or its password or key") from error
        except BaseException:
            client.close()
            raise
        return client

    def _know(self, client: SSHClient) -> None:
        from paramiko import SSHException

        client.set_missing_host_key_policy(_known_alone(self._options.host_key))
        if self._options.known_hosts is None:
            return
        try:
            client.load_host_keys(self._options.known_hosts)
        except (OSError, SSHException) as error:
            raise AuthFailed("the file of known_hosts cannot be read") from error

    def _key(self) -> PKey | None:
        from paramiko import ECDSAKey, Ed25519Key, RSAKey, SSHException

        if self._options.key is None:
            return None
        text, phrase = self._options.key.get_secret_value(), self._options.passphrase
        for kind in (Ed25519Key, ECDSAKey, RSAKey):
            with suppress(SSHException, ValueError):
                return kind.from_private_key(
                    io.StringIO(text), password=None if phrase is None else phrase.get_secret_value()
                )
        raise AuthFailed("the private key cannot be read: it is of no known kind, or its passphrase is another")


def fingerprint_of(key: PKey) -> str:
    """As ``ssh-keygen -l`` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _known_alone(expected: str | None) -> MissingHostKeyPolicy:
    """Asked of a key that no file knows: it is the configured one, or the connection ends."""
    from paramiko import MissingHostKeyPolicy

    class KnownAlone(MissingHostKeyPolicy):
        def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
            shown = fingerprint_of(key)
            if expected is None:
                raise AuthFailed(f"the SFTP server is not in known_hosts; it shows the host key {shown}")
            if shown != expected.rstrip("="):
                raise AuthFailed(f"the SFTP server shows another host key than host_key says: {shown}")

    return KnownAlone()


def _is_plain(mode: int | None) -> bool:
    """Whether it may be read as a file; a server that tells no modes is believed."""
    return mode is None or stat.S_ISREG(mode)


def _content(sftp: SFTPClient, path: str) -> bytes:
    buffer = io.BytesIO()
    sftp.getfo(path, buffer)
    return buffer.getvalue()


def _put(sftp: SFTPClient, staged: str, final: str, data: bytes) -> None:
    try:
        with sftp.open(staged, "wxb") as file:
            file.set_pipelined(True)
            for start in range(0, len(data), _CHUNK):
                file.write(data[start : start + _CHUNK])
        _replace(sftp, staged, final)
    except OSError:
        with suppress(OSError, EOFError):
            sftp.remove(staged)
        raise


def _replace(sftp: SFTPClient, staged: str, final: str) -> None:
    """A rename, which in SFTP fails where the name is taken; then what is there goes first."""
    try:
        sftp.rename(staged, final)
    except FileNotFoundError:
        raise
    except OSError:
        sftp.remove(final)
        sftp.rename(staged, final)


def _published(sftp: SFTPClient, staged: str, final: str) -> bool:
    try:
        sftp.rename(staged, final)
    except FileNotFoundError:
        raise
    except OSError:
        if not _is_there(sftp, final):
            raise
        return False
    return True


def _is_there(sftp: SFTPClient, path: str) -> bool:
    try:
        sftp.stat(path)
    except FileNotFoundError:
        return False
    return True
