"""The files that one `onebook collector import` was given: every problem of every one is said before anything is taken over."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel

from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger.registry_files import PROBLEMS_MAX


def add_file_options(importing: argparse.ArgumentParser, kinds: Mapping[str, type[BaseModel]]) -> None:
    for kind, row in kinds.items():
        importing.add_argument(f"--{kind}", type=Path, help=f"CSV: {','.join(row.model_fields)}")


def given_files(asked: argparse.Namespace, kinds: Iterable[str]) -> dict[str, Path]:
    """Kind -> its file, where one was named."""
    return {kind: path for kind in kinds if (path := getattr(asked, kind)) is not None}


def read_files(paths: Mapping[str, Path], read: Callable[[str, bytes], None]) -> None:
    """`read` takes a kind and its content. Raises ConfigurationError with every problem of every file."""
    problems = list[str]()
    for kind, path in paths.items():
        try:
            read(kind, path.read_bytes())
        except OSError as error:
            problems.append(f"{path}: {error.strerror}. 请检查路径 / check the path.")
        except ConfigurationError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)


def refuse_problems(paths: Mapping[str, Path], found: Mapping[str, list[str]]) -> None:
    """Raises ConfigurationError with the first problems, each with its file, and how many more there are."""
    problems = [f"{paths[kind]}: {problem}" for kind, ones in found.items() for problem in ones]
    if problems:
        more = len(problems) - PROBLEMS_MAX
        last = [f"… 还有 {more} 处 / {more} more"] if more > 0 else []
        raise ConfigurationError(problems[:PROBLEMS_MAX] + last)
