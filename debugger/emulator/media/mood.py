"""What a prompt asks for, as far as a painter of three scenes can follow: colours and a motif."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Six colours, from the brightest air to the deepest shadow."""

    light: Colour
    glow: Colour
    mid: Colour
    accent: Colour
    deep: Colour
    body: Colour


def _palette(*colours: str) -> Palette:
    return Palette(*(_rgb(colour) for colour in colours))


def _rgb(text: str) -> Colour:
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


PALETTES: Final = {
    "dusk": _palette("ffe6c4", "ffb68c", "8f7ae0", "f2705c", "2f2560", "fff3e4"),
    "sage": _palette("f0f2e2", "cfdcb4", "7fa08a", "e08a4f", "213b35", "fbf6ea"),
    "tide": _palette("e2f5f5", "9edbe0", "3f8fb0", "ff8f6b", "0f2f4d", "f7fbfa"),
    "rose": _palette("ffece8", "ffc1bd", "c9789b", "8a3f74", "3a1836", "fff6f1"),
    "sand": _palette("f8eedc", "ecc998", "c08a5a", "2f7a7e", "3f2a1f", "fffaf0"),
    "indigo": _palette("e9e9ff", "b7b2ff", "6a63d8", "ffb454", "1b1a4b", "faf8ff"),
    "citrus": _palette("fff7d6", "ffdb6b", "f29c38", "1f7a6b", "4d2c0b", "fffdf2"),
    "night": _palette("56659f", "7b6fd0", "2b2f6b", "ffcf7a", "0b0f2b", "e9e6ff"),
    "stone": _palette("f4f2ee", "dcd6cc", "a39b90", "d9653b", "2b2927", "fffefb"),
}
STUDIO: Final = ("dusk", "sage", "rose", "sand", "indigo", "stone")

_COLOUR_WORDS: Final = {
    "dusk": "sunset sunrise dusk dawn twilight purple violet सूर्यास्त 노을 일몰 夕 晩霞",
    "sage": "forest green plant garden leaf tree jungle botanical tea जंगल हरा 숲 초록 森",
    "tide": "ocean sea water blue wave lake river beach rain समुद्र नीला 바다 파란 海",
    "rose": "rose pink flower love berry wine skin cosmetic perfume फूल गुलाब 꽃 장미 花",
    "sand": "desert sand wood coffee brown autumn leather clay bread रेत कॉफी 사막 커피 砂",
    "indigo": "indigo tech software digital future glass neon तकनीक 기술 未来",
    "citrus": "lemon orange yellow sun summer fruit honey gold सोना नींबू 레몬 황금 金",
    "night": "night moon star space galaxy dark cosmic midnight planet रात चाँद 밤 우주 夜 宇宙",
    "stone": "minimal white grey gray stone concrete marble snow winter paper सफेद 흰 눈 雪",
}
_MOTIF_WORDS: Final = {
    "still_life": "product studio bottle vase object editorial campaign packaging ceramic still "
    "furniture watch shoe cup cosmetic perfume उत्पाद 제품 商品 产品",
    "ridges": "mountain hill landscape valley forest ocean sea desert sunset sunrise beach lake "
    "sky horizon river पहाड़ समुद्र 산 바다 山 海",
    "orbit": "space planet galaxy moon star orbit cosmic universe night world चाँद 우주 달 宇宙 月",
    "cutout": "abstract pattern poster wave music logo idea plan story concept कहानी 추상 抽象",
}


def colours(prompt: str, rng: random.Random) -> Palette:
    """The palette that the prompt names, or one of the studio's own."""
    return PALETTES[_choose(prompt, _COLOUR_WORDS, rng, STUDIO)]


def motif(prompt: str, rng: random.Random) -> str:
    """Which scene suits the prompt best: ``still_life``, ``ridges``, ``orbit`` or ``cutout``."""
    return _choose(prompt, _MOTIF_WORDS, rng, tuple(_MOTIF_WORDS))


def _choose(
    prompt: str, words: dict[str, str], rng: random.Random, otherwise: tuple[str, ...]
) -> str:
    fallback = rng.choice(otherwise)
    text = prompt[:4000].lower()
    spoken = {part.strip(".,;:!?\"'()").removesuffix("s") for part in text.split()}
    scores = {
        name: sum(_said(word, text=text, spoken=spoken) for word in listed.split())
        for name, listed in words.items()
    }
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else fallback


def _said(word: str, *, text: str, spoken: set[str]) -> bool:
    """Latin words are compared whole; other scripts attach endings, so a part is enough."""
    return word.removesuffix("s") in spoken if word.isascii() else word in text
