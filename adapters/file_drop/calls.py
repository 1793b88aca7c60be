"""One file operation: announced, repeated where that is harmless, and every failure as one of our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from adapters.file_drop.names import CSV
from adapters.file_drop.places import LARGEST, Place
from connector.contract import Opening
from connector.errors import AmbiguousWrite, AuthFailed, ChannelError, ContractBroken, Transient

_T = TypeVar("_T")
#: Between the tries of a call that only reads, in seconds.
_PAUSES: Final = (0.5, 2.0)


class Calls:
    """The operations of a :class:`~adapters.file_drop.places.Place`, as the contract wants calls to be made.

    ``purpose`` is the lane. A call is one file operation, however many packets it takes.
    """

    def __init__(self, place: Place, opening: Opening) -> None:
        self._place = place
        self._budget = opening.budget
        self._sleep = opening.sleep

    def names(self, folder: str, purpose: str) -> Mapping[str, int]:
        """Name → size. Raises Transient where the folder is not there: a share may not be mounted yet."""
        return self._read(purpose, f"list {folder}/", lambda: self._place.names(folder))

    def read(self, folder: str, name: str, size: int, purpose: str) -> bytes:
        """The whole file."""
        if size > LARGEST:
            raise ContractBroken(f"{folder}/{name} has more than {LARGEST} bytes")
        return self._read(purpose, f"read {folder}/*{_ending(name)}", lambda: self._place.read(folder, name))

    def put(self, folder: str, name: str, data: bytes, purpose: str) -> None:
        """A whole file. Where this raises, there is none of that name that others would read."""
        self._done(purpose, f"write {folder}/*{_ending(name)}", lambda: self._place.put(folder, name, data))

    def publish(self, folder: str, staged: str, name: str, purpose: str) -> bool:
        """False where the name is taken. Raises AmbiguousWrite where nobody said whether it was given."""
        self._budget.spend(purpose)
        try:
            return self._place.publish(folder, staged, name)
        except PermissionError as error:
            raise AuthFailed(f"name {folder}/*{_ending(name)}: not allowed") from error
        except OSError as error:
            raise AmbiguousWrite(f"name {folder}/*{_ending(name)}: {_reason(error)}") from error

    def move(self, name: str, source: str, target: str, new_name: str, purpose: str) -> None:
        """Into another folder, or nothing where another process has done it."""
        self._tidied(
            purpose, f"move {source}/*{_ending(name)}", lambda: self._place.move(name, source, target, new_name)
        )

    def remove(self, folder: str, name: str, purpose: str) -> None:
        """Away with it, if another process has not done it."""
        self._tidied(purpose, f"remove {folder}/*{_ending(name)}", lambda: self._place.remove(folder, name))

    def close(self) -> None:
        self._place.close()

    def _read(self, purpose: str, what: str, call: Callable[[], _T]) -> _T:
        for pause in _PAUSES:
            try:
                return self._done(purpose, what, call)
            except Transient:
                self._sleep(pause)
        return self._done(purpose, what, call)

    def _tidied(self, purpose: str, what: str, call: Callable[[], None]) -> None:
        def gone_is_well() -> None:
            try:
                call()
            except FileNotFoundError:
                return

        self._done(purpose, what, gone_is_well)

    def _done(self, purpose: str, what: str, call: Callable[[], _T]) -> _T:
        self._budget.spend(purpose)
        try:
            return call()
        except OSError as error:
            raise _error_of(what, error) from error


def _error_of(what: str, error: OSError) -> ChannelError:
    """What a failure means for the work; a path is never told, since a shop's folders have names of people."""
    if isinstance(error, PermissionError):
        return AuthFailed(f"{what}: not allowed; give the user of the connector the right to read and write there")
    return Transient(f"{what}: {_reason(error)}")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _ending(name: str) -> str:
    return name[name.rfind(".") :] if "." in name else CSV
