"""The locker's folder: nobody else on the machine may read it, and nothing in it is half written.

A copy stands at <team>/<first two digits>/<sha256>, so that equal files of a team are one file. Who
moves a file into its place or takes one away holds the team's lock, in which files and rows are
brought together: a killed worker lets go of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from django.core.files.storage import FileSystemStorage

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_DRAFTS: Final = "drafts"
_LOCK: Final = ".lock"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def storage() -> FileSystemStorage:
    """Where copies are; names that would lead out of it are refused."""
    return FileSystemStorage(
        location=settings.RIVYA_DASH_LOCKER,
        file_permissions_mode=FILE_MODE,
        directory_permissions_mode=FOLDER_MODE,
    )


def place_of(team_id: int, sha256: str) -> str:
    """The name under which a team's copy of some bytes is kept."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("This is no SHA-256.")
    return f"{team_id}/{sha256[:2]}/{sha256}"


def path_of(name: str) -> Path:
    """A copy's path on the disk."""
    return Path(storage().path(name))


@dataclass(slots=True)
class Draft:
    """A file that is being written, with the hash of what was written so far."""

    path: Path
    file: BinaryIO
    size: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def write(self, piece: bytes) -> None:
        """Add bytes at the end."""
        self.file.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def finish(self) -> None:
        """Bring everything to the disk, so that a copy that a row names is whole."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    @property
    def sha256(self) -> str:
        """Of everything written so far."""
        return self._hash.hexdigest()

    def ends(self, length: int) -> tuple[bytes, bytes]:
        """The first and the last bytes of what was finished; the last are b"" in a short file."""
        with self.path.open("rb") as file:
            head = file.read(length)
            if self.size <= length:
                return head, b""
            file.seek(max(length, self.size - length))
            return head, file.read(length)


def new_draft(name: str) -> Draft:
    """An empty draft under a name that nobody else uses."""
    folder = _folder(_DRAFTS)
    path = folder / name
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    return Draft(path=path, file=os.fdopen(descriptor, "wb"))


def drop(draft: Draft) -> None:
    """Take a draft away; harmless for one that has moved into its place."""
    with suppress(OSError):
        draft.file.close()
    draft.path.unlink(missing_ok=True)


@contextmanager
def held(team_id: int) -> Iterator[None]:
    """The team's lock. Take it before a transaction, never inside one: so does everybody."""
    descriptor = os.open(_folder(str(team_id)) / _LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone() -> Iterator[bool]:
    """Whether this is the only round of copies on this machine; if so, it stays that until the end.

    A few long copies must not take up all workers, be they threads or processes.
    """
    descriptor = os.open(_folder() / _LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        yield _first(descriptor)
    finally:
        os.close(descriptor)


def _first(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def settle(draft: Draft, team_id: int) -> str:
    """Move a finished draft into its place, in one step; the answer is the place's name."""
    name = place_of(team_id, draft.sha256)
    _folder(*name.split("/")[:-1])
    draft.path.replace(path_of(name))
    return name


def remove(name: str) -> None:
    """Delete a copy; one that is gone already is no trouble."""
    path_of(name).unlink(missing_ok=True)


def empty(team_id: int) -> None:
    """Delete every copy of a team."""
    for name, _written in copies(team_id):
        remove(name)


def teams() -> list[int]:
    """The teams that have a folder."""
    names = _listed(Path(settings.RIVYA_DASH_LOCKER))
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def copies(team_id: int) -> Iterator[tuple[str, float]]:
    """The name of each of a team's copies on the disk, and when it was written."""
    top = Path(settings.RIVYA_DASH_LOCKER) / str(team_id)
    for part in _listed(top):
        for sha256 in _listed(top / part):
            with suppress(OSError):
                yield f"{team_id}/{part}/{sha256}", (top / part / sha256).stat().st_mtime


def drop_drafts(*, before: float) -> int:
    """Delete drafts that nobody has written to since a moment; how many it were."""
    folder, dropped = Path(settings.RIVYA_DASH_LOCKER) / _DRAFTS, 0
    for name in _listed(folder):
        with suppress(OSError):
            if (folder / name).stat().st_mtime < before:
                (folder / name).unlink()
                dropped += 1
    return dropped


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.name != _LOCK)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _folder(*names: str) -> Path:
    """A folder of the locker, with those above it, made for this user alone."""
    path = Path(settings.RIVYA_DASH_LOCKER)
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for name in names:
        path /= name
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    return path
