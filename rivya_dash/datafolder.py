"""The folder that holds everything `rivya-dash up` writes: private, and used by one at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from pathlib import Path

SUBFOLDERS = ("broker/control", "run")


class InUseError(Exception):
    """Another `rivya-dash up` works in this folder."""


class DataFolder:
    """One folder, locked for as long as this process lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1
        self.left_behind = False
        """True when the last one to work here was killed before it could tidy up."""

    def open(self) -> None:
        """Create what is missing and take the lock.

        Raises InUseError, and OSError when the folder cannot be written.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        owner = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(owner) from None
        self.left_behind = bool(owner)
        self._write_owner(str(os.getpid()))
        shutil.rmtree(self.path / "run", ignore_errors=True)
        for name in SUBFOLDERS:
            (self.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def close(self) -> None:
        """Give the folder back."""
        self._write_owner("")
        os.close(self._lock)

    def _write_owner(self, text: str) -> None:
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, text.encode("ascii"), 0)

    def ensure_secret(self, name: str, *, content: str | None = None) -> Path:
        """The file with this secret, made with new content when it is not there.

        It appears whole or not at all: half a secret would be kept for ever.
        """
        path = self.path / name
        if not path.exists():
            beside = self.path / f".{name}.{secrets.token_hex(4)}"
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(content or secrets.token_urlsafe(64))
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)  # The folder's lock keeps everybody else out.
        path.chmod(0o600)
        return path
