"""``env:NAME`` and ``file:PATH``: secrets never stand in config.toml itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretBytes, SecretStr

from connector.config.model import Config
from connector.toml_lines import Path
from connector.toml_report import Report, declared, dotted

_REMEDY: Final = 'write "env:NAME" and put the value into .env, or "file:PATH"'


@dataclass(frozen=True)
class Missing:
    """Why a reference leads nowhere."""

    what: str
    remedy: str


class Environment:
    """Where references are looked up: the process's environment before the ``.env`` beside the file."""

    def __init__(self, folder: FilePath, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._dotenv: Mapping[str, str | None] | None = None

    def lookup(self, reference: str) -> str | Missing:
        """The value behind a reference. An empty one is missing."""
        kind, _, name = reference.partition(":")
        return self._variable(name) if kind == "env" else self._file(name)

    def _variable(self, name: str) -> str | Missing:
        value = self._environ.get(name) or self._from_dotenv().get(name)
        return value or Missing(f"the environment has no {name}", f"set it, or write it into {self._folder / '.env'}")

    def _file(self, name: str) -> str | Missing:
        path = self._folder / FilePath(name).expanduser()
        try:
            value = path.read_text(encoding="utf-8").strip()
        except OSError as error:
            return Missing(f"{path} cannot be read: {error.strerror}", "give the path of a readable file")
        except UnicodeDecodeError:
            return Missing(f"{path} is no UTF-8 text", "write the secret into it, and nothing else")
        return value or Missing(f"{path} is empty", "write the secret into it")

    def _from_dotenv(self) -> Mapping[str, str | None]:
        if self._dotenv is None:
            from dotenv import dotenv_values

            # Not interpolated: a password may hold ${…}.
            self._dotenv = dotenv_values(self._folder / ".env", interpolate=False)
        return self._dotenv


def is_reference(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("env:", "file:")) and len(value.partition(":")[2]) > 0


def holds_secret(kind: Any) -> bool:
    """Whether a declared type is a secret, or a union or list of such."""
    return kind in (SecretStr, SecretBytes) or any(holds_secret(part) for part in get_args(kind))


class Resolver:
    """Puts secrets into one table; what cannot be had is reported, and its keys are in ``failed``."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self._environment = environment
        self._report = report
        self.failed: set[str | int] = set()

    def table(self, written: Mapping[str, Any], model: Any, at: Path) -> dict[str, Any]:
        """The table with every reference looked up, nested ones too.

        A text where the model declares a secret is refused unless it is a reference.
        """
        return {name: self._value(value, declared(model, name), (*at, name), name) for name, value in written.items()}

    def text(self, written: str, at: Path) -> str:
        """One value that is always a secret; "" once reported."""
        return str(self._value(written, SecretStr, at, at[-1]) or "")

    def _value(self, value: Any, kind: Any, at: Path, key: str | int) -> Any:
        if isinstance(value, dict):
            return {name: self._value(inner, declared(kind, name), (*at, name), key) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner, declared(kind, i), (*at, i), key) for i, inner in enumerate(value)]
        if is_reference(value):
            return self._looked_up(value, at, key)
        if isinstance(value, str) and holds_secret(kind):
            self._fail(at, key, f"{dotted(at)} is a secret, and this file is no place for one", _REMEDY)
        return value

    def _looked_up(self, reference: str, at: Path, key: str | int) -> str | None:
        value = self._environment.lookup(reference)
        if isinstance(value, Missing):
            self._fail(at, key, f"{dotted(at)}: {value.what}", value.remedy)
            return None
        return value

    def _fail(self, at: Path, key: str | int, what: str, remedy: str) -> None:
        self.failed.add(key)
        self._report.add(at, what, remedy)


def secrets_of(config: Config) -> Iterator[str]:
    """Every secret that a configuration holds, for whoever must keep them out of sight."""
    for channel in config.channels.values():
        yield from _revealed(channel.options)
    yield from config.alerts
    if password := urlsplit(config.ledger_url).password:
        yield password


def _revealed(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _revealed(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _revealed(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _revealed(inner)
