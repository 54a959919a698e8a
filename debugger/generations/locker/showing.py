"""What a page may say about the files of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.text import slugify

from debugger.generations.locker import expiry, kinds
from debugger.generations.models import Generation, SavedFile

_ENDINGS: Final = {
    "application/gzip": "gz",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """One file of a result.

    ``address`` serves our copy and ``download`` does so as a download; both are "" without a copy.
    ``is_shown`` says that a browser may show it in place, with the element that ``kind`` names
    (image, video, audio; "other" is a download). ``upstream_expires_at`` is what the address itself
    states, with the parameter that does; None is "not stated". ``gone_at`` is when a copy went.
    """

    public_id: str
    number: int
    state: str
    state_text: str
    reason: str
    url: str
    address: str
    download: str
    name: str
    kind: str
    is_shown: bool
    mime: str
    size: int
    size_text: str
    width: int | None
    height: int | None
    seconds: float | None
    sha256: str
    tries: int
    next_try_at: datetime | None
    saved_at: datetime | None
    expires_at: datetime | None
    gone_at: datetime | None
    upstream_expires_at: datetime | None
    upstream_expires_by: str

    @property
    def is_saved(self) -> bool:
        """Whether there is a copy."""
        return self.state == SavedFile.State.SAVED

    @property
    def is_waiting(self) -> bool:
        """Whether a copy is still to come."""
        return self.state == SavedFile.State.WAITING


def files_of(generation: Generation) -> tuple[FileView, ...]:
    """The files of one job's result, in the result's order. The job comes with its team."""
    return files_of_many([generation]).get(generation.pk, ())


def files_of_many(generations: Iterable[Generation]) -> dict[int, tuple[FileView, ...]]:
    """The files of many jobs, by the jobs' numbers, with one statement."""
    jobs = {job.pk: job for job in generations}
    found: dict[int, list[FileView]] = {}
    for row in SavedFile.objects.filter(generation__in=jobs).order_by("generation_id", "number"):
        found.setdefault(row.generation_id, []).append(view_of(row, jobs[row.generation_id]))
    return {number: tuple(views) for number, views in found.items()}


def view_of(row: SavedFile, job: Generation) -> FileView:
    """One row as a page sees it."""
    saved = row.state == SavedFile.State.SAVED
    address = reverse("results:file", args=[job.team.slug, row.public_id]) if saved else ""
    stated = expiry.stated(row.url)
    return FileView(
        public_id=row.public_id,
        number=row.number,
        state=row.state,
        state_text=row.get_state_display(),
        reason=row.reason,
        url=row.url,
        address=address,
        download=f"{address}?download=1" if saved else "",
        name=name_of(row, job),
        kind=row.kind,
        is_shown=saved and kinds.is_shown(row.mime),
        mime=row.mime,
        size=row.size,
        size_text=filesizeformat(row.size) if row.size else "",
        width=row.width,
        height=row.height,
        seconds=row.seconds,
        sha256=row.sha256,
        tries=row.tries,
        next_try_at=row.next_try_at,
        saved_at=row.saved_at,
        expires_at=row.expires_at if saved else None,
        gone_at=row.expires_at if row.state == SavedFile.State.EXPIRED else None,
        upstream_expires_at=row.upstream_expires_at,
        upstream_expires_by=stated.by if stated is not None else "",
    )


def name_of(row: SavedFile, job: Generation) -> str:
    """The name under which a copy is downloaded, of plain letters: "z-image-task_8hn2-1.png".

    Its ending is that of its bytes. What the bytes do not show ends in ".bin", so that no desktop
    opens a page by a double click.
    """
    model = slugify(job.model)[:40] or "result"
    task = slugify(job.task_id)[:40] or job.name
    return f"{model}-{task}-{row.number or 1}.{_ENDINGS.get(row.mime, 'bin')}"
