"""Reads config.toml: one pass over its tables, every problem at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from connector import installed
from connector.config.checks import check_meaning, check_names
from connector.config.model import Config
from connector.config.secrets import Environment
from connector.config.sections import Reader
from connector.contract import AdapterType
from connector.errors import ConfigError, Problem
from connector.toml_lines import syntax_error
from connector.toml_report import Report


def load_config(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    adapters: Mapping[str, AdapterType] | None = None,
) -> Config:
    """Read, resolve and check a configuration.

    Args:
        environ: instead of the process's environment; the ``.env`` beside the file fills its gaps.
        adapters: instead of those that entry points name.

    Raises ConfigError with every problem that the file has, in the order of its lines.
    """
    source = _text(path)
    try:
        tables = tomllib.loads(source, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line, complaint = syntax_error(error, source)
        raise ConfigError([Problem(f"{path}:{line}", complaint, "this line is not TOML")]) from None
    report = Report(str(path), source)
    known = installed.adapters() if adapters is None else adapters
    environment = Environment(path.absolute().parent, os.environ if environ is None else environ)
    check_names(tables, report)
    config = Reader(path, tables, report, environment, known).config()
    check_meaning(config, known, report)
    if report.problems:
        raise ConfigError(report.problems)
    return config


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        remedy = "`connector init` writes one, --config names another"
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}", remedy)]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            [Problem(str(path), f"is not UTF-8 text, at byte {error.start}", "save it as UTF-8")]
        ) from None
