"""Adding a master key to the file that holds them, so that a crash leaves the old file or the new.

The other entries and comments stay as they are. A new file is for its owner alone; one that is
there keeps its owner and group, and nobody else may read it afterwards.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from django.conf import settings

from debugger.keys.vault.master import NAME, NAME_RULE, fresh_entry, parse

_PRIVATE: Final = 0o600
_FOR_OTHERS: Final = 0o007


class FileTroubleError(Exception):
    """The file cannot be changed; the text says why, for people."""


def free_name(wanted: str, taken: str) -> str:
    """A name that the entries of a text do not have: the wanted one, or it with a number."""
    names = {key.name for key in parse(taken).keys}
    numbered = (f"{wanted}-{number}" for number in range(2, len(names) + 3))
    return next(name for name in (wanted, *numbered) if name not in names)


def checked_name(name: str) -> str:
    """The name. Raises FileTroubleError for one that is none."""
    if not NAME.fullmatch(name):
        raise FileTroubleError(f"A master key's name must be {NAME_RULE}.")
    return name


def is_read_by_this_site(path: Path) -> bool:
    """Whether what this process was configured with came from that file, or would have."""
    if path.resolve() != settings.MASTER_KEYS_FILE.resolve():
        return False
    try:
        return settings.RIVYA_DASH_MASTER_KEYS in {"", path.read_text(encoding="utf-8").strip()}
    except (OSError, UnicodeDecodeError):
        return not settings.RIVYA_DASH_MASTER_KEYS


def add(path: Path, *, name: str | None, otherwise: str, last: bool) -> str:
    """Put a new master key in front of the others, or behind them; gives its name.

    ``otherwise`` is the name, with a number where needed, when none is given. Raises
    FileTroubleError.
    """
    path = path.resolve()  # A link stays a link.
    try:
        text, before = _read(path)
        found = parse(text)
        if found.problems:
            raise FileTroubleError(f"{path} is left as it is. {' '.join(found.problems)}")
        name = checked_name(name or free_name(otherwise, text))
        if found.named(name) is not None:
            raise FileTroubleError(f'{path} has a master key named "{name}" already.')
        lines = text.splitlines()
        lines = [*lines, fresh_entry(name)] if last else [fresh_entry(name), *lines]
        _replace(path, "\n".join(lines) + "\n", before)
        return name
    except OSError as error:
        raise FileTroubleError(f"{path} cannot be changed: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise FileTroubleError(f"{path} is left as it is: it is not text.") from None


def _read(path: Path) -> tuple[str, os.stat_result | None]:
    try:
        return path.read_text(encoding="utf-8"), path.stat()
    except FileNotFoundError:
        return "", None


def _replace(path: Path, text: str, before: os.stat_result | None) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if before is not None:
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode) & ~_FOR_OTHERS)
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
