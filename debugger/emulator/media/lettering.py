"""Setting a caption: runs of one face each, broken into lines, drawn without empty boxes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from debugger.emulator.media import fonts
from debugger.emulator.media.fonts import Face
from debugger.emulator.media.mood import Colour

_INVISIBLE: Final = frozenset({0x200D, 0x200C, 0xFE0E, 0xFE0F})
_SHAPED: Final = (
    (0x0590, 0x08FF),
    (0x0900, 0x0DFF),
    (0x0E00, 0x0FFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
)
_UNSPACED: Final = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
_CLOSING: Final = frozenset("、。，．！？」』）】〉》・ー々,.!?:;)]}%…")
_LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one face."""

    text: str
    face: Face

    def width(self, size: int) -> float:
        """Its length in pixels at a size."""
        length = self.face.at(size).getlength(self.text)
        return length * size * 1.15 / 109 if self.face.colour else length


def clean(text: str) -> str:
    """One line of printable text: no control characters, no lone surrogates, one space."""
    kept = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text[: _LONGEST * 2])
        if character.isspace()
        or ord(character) in _INVISIBLE
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return " ".join("".join(kept).split())[:_LONGEST]


def runs(text: str) -> list[Run]:
    """The text in runs of one face each; what no face can draw is left out."""
    found: list[Run] = []
    for cluster in _clusters(text):
        previous = found[-1].face if found else None
        face = _face(cluster, previous)
        if face is None:
            continue
        if face is previous:
            found[-1] = Run(found[-1].text + cluster, face)
        else:
            found.append(Run(cluster, face))
    return found


def _clusters(text: str) -> Iterator[str]:
    """Characters with the marks and joined parts that belong to them."""
    cluster = ""
    for character in text:
        joined = cluster.endswith("\u200d") or 0x1F3FB <= ord(character) <= 0x1F3FF
        mark = unicodedata.category(character) in ("Mn", "Mc", "Me") or ord(character) in _INVISIBLE
        virama = bool(cluster) and unicodedata.combining(cluster[-1]) == 9
        flag = len(cluster) == 1 and _is_flag(cluster) and _is_flag(character)
        if cluster and not (joined or mark or virama or flag):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _face(cluster: str, previous: Face | None) -> Face | None:
    points = {ord(character) for character in cluster} - _INVISIBLE
    if not points or (not fonts.SHAPES_SCRIPTS and any(_within(p, _SHAPED) for p in points)):
        return None
    wants_colour = "\ufe0f" in cluster or any(point >= 0x1F000 for point in points)
    faces = sorted(fonts.faces(), key=lambda face: face.colour is not wants_colour)
    if previous is not None and not wants_colour and not previous.colour:
        faces = [previous, *faces] if points <= {0x20, 0x2C, 0x2E} else faces
    return next((face for face in faces if points <= face.covered), None)


def _within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= point <= last for first, last in ranges)


def lines(text: str, *, size: int, width: float, most: int) -> list[list[Run]]:
    """The text broken to a width, with an ellipsis where more than ``most`` lines were needed."""
    drawable = "".join(run.text for run in runs(clean(text))).strip()
    broken: list[str] = []
    line = ""
    for word in _words(drawable):
        for piece in _fitting(word, size=size, width=width):
            if line and _length(line + piece, size) > width:
                broken.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        if len(broken) > most:
            break
    if line.strip():
        broken.append(line.rstrip())
    if len(broken) > most:
        broken = [*broken[: most - 1], _shortened(broken[most - 1], size=size, width=width)]
    return [runs(line) for line in broken]


def _words(text: str) -> Iterator[str]:
    """Pieces that a line may end behind: words with their space, and single ideographs."""
    word = ""
    for cluster in _clusters(text):
        ideograph = _within(ord(cluster[0]), _UNSPACED)
        if word and ideograph and cluster[0] not in _CLOSING:
            yield word
            word = ""
        word += cluster
        if cluster.isspace() or cluster == "-":
            yield word
            word = ""
    if word:
        yield word


def _fitting(word: str, *, size: int, width: float) -> Iterator[str]:
    """The word, or its parts where it alone is longer than a line."""
    part = ""
    if _length(word.rstrip(), size) <= width:
        yield word
        return
    for cluster in _clusters(word):
        if part and _length(part + cluster, size) > width:
            yield part
            part = ""
        part += cluster
    yield part


def _shortened(line: str, *, size: int, width: float) -> str:
    clusters = list(_clusters(line))
    while clusters and _length("".join(clusters).rstrip() + "…", size) > width:
        clusters.pop()
    return "".join(clusters).rstrip(" ,.;:") + "…"


def _length(text: str, size: int) -> float:
    return sum(run.width(size) for run in runs(text))


def width_of(line: list[Run], size: int) -> float:
    """The length of a line in pixels."""
    return sum(run.width(size) for run in line)


def draw(
    picture: Image.Image, line: list[Run], at: tuple[float, float], *, size: int, ink: Colour
) -> None:
    """One line with its baseline's left end at a place; right-to-left lines run the other way."""
    x, baseline = at
    pen = ImageDraw.Draw(picture)
    for run in reversed(line) if _leftward(line) else line:
        if run.face.colour:
            _emoji(picture, run, (round(x), round(baseline)), size=size)
        else:
            pen.text((x, baseline), run.text, font=run.face.at(size), fill=ink, anchor="ls")
        x += run.width(size)


def _leftward(line: list[Run]) -> bool:
    for character in "".join(run.text for run in line):
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _emoji(picture: Image.Image, run: Run, at: tuple[int, int], *, size: int) -> None:
    """Colour emoji come as bitmaps of one size, so they are drawn there and made smaller."""
    font = run.face.at(size)
    large = Image.new("RGBA", (max(1, round(font.getlength(run.text))) + 8, 140))
    ImageDraw.Draw(large).text((0, 110), run.text, font=font, embedded_color=True, anchor="ls")
    scale = size * 1.15 / 109
    small = large.resize(
        (max(1, round(large.width * scale)), max(1, round(large.height * scale))),
        Image.Resampling.LANCZOS,
    )
    picture.paste(small.convert("RGB"), (at[0], at[1] - round(106 * scale)), small.getchannel("A"))
