"""Four scenes, each a list of layers from the back to the front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from debugger.emulator.media.paint import Layer, Stage
from debugger.emulator.media.scenes.cutout import cutout
from debugger.emulator.media.scenes.orbit import orbit
from debugger.emulator.media.scenes.ridges import ridges
from debugger.emulator.media.scenes.still_life import still_life

SCENES: Final[Mapping[str, Callable[[Stage], list[Layer]]]] = {
    "still_life": still_life,
    "ridges": ridges,
    "orbit": orbit,
    "cutout": cutout,
}
