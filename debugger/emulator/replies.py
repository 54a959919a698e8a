"""What the emulator says in a chat: readable, the same for the same conversation, and honest.

Replies come in the language of the message where that is English, Hindi or Korean, and in
English otherwise. They use the message, the turns before it and the attachments, so that a
person who tries the chat sees at once whether history really arrives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from debugger.emulator.phrases import PHRASES, Phrases

_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*(?:[\u0900-\u097f]+)?", re.UNICODE)
_NAMES: Final = (
    re.compile(r"\bmy name is\s+([^\W\d_][\w'’-]{0,40})", re.IGNORECASE),
    re.compile(r"मेरा नाम\s+([\u0900-\u097f\w]{1,40})\s+है"),
    re.compile(r"내 이름은\s+(\w{1,20}?)(?:이야|입니다|예요|이에요|야|\s|$)"),
)
_CODE: Final = re.compile(
    r"\b(code|python|javascript|typescript|function|script|curl|api|regex|sql)\b|कोड|코드", re.I
)
_RECALL: Final = re.compile(
    r"\b(do you remember|what.{0,20} my name|earlier|previously|did i|i (said|asked|wrote))\b"
    r"|याद|पहले क्या|मेरा नाम क्या|기억|아까|이전에|내 이름이",
    re.IGNORECASE,
)
_QUOTED: Final = 90
_TOPICS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One turn as the writer of the reply sees it.

    ``earlier`` holds the user's messages before this one, oldest first.
    """

    model: str
    message: str
    earlier: Sequence[str] = ()
    images: Sequence[str] = ()
    web_search: bool = False
    effort: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The text in Markdown, and what may stand beside it."""

    content: str
    thoughts: str
    citations: tuple[Mapping[str, str], ...] = ()


def language(text: str) -> str:
    """``hi`` for Devanagari, ``ko`` for Hangul, ``en`` for everything else: the script decides."""
    counts = {
        "hi": sum("\u0900" <= character <= "\u097f" for character in text),
        "ko": sum("\uac00" <= character <= "\ud7a3" for character in text),
        "en": sum(character.isascii() and character.isalpha() for character in text) / 3,
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "en"


def write(question: Question) -> Reply:
    """The reply to a turn."""
    words = PHRASES[language(question.message)]
    topics = _topics(question.message, words)
    parts = [_opening(question, words), *_context(question, words)]
    if question.effort != "minimal" and not _recalls(question):
        parts += _body(question, words, topics)
    if question.web_search:
        parts.append(words.searched.format(topic=topics[0]))
    if question.effort in ("high", "xhigh"):
        parts.append(words.reasoned.format(count=len(topics)))
    parts.append(words.closing.format(model=question.model))
    return Reply(
        content="\n\n".join(parts),
        thoughts=words.thoughts.format(topics=", ".join(topics), count=len(question.earlier)),
        citations=_citations(topics) if question.web_search else (),
    )


def _opening(question: Question, words: Phrases) -> str:
    name = _name([*question.earlier, question.message])
    greeting = words.greeting_named.format(name=name) if name else ""
    return f"{greeting}{_pick(words.openings, question)}".format(quote=_quote(question.message))


def _recalls(question: Question) -> bool:
    return bool(question.earlier and _RECALL.search(question.message))


def _context(question: Question, words: Phrases) -> list[str]:
    """Proof that history and attachments arrived."""
    found = []
    if _recalls(question):
        listed = "\n".join(
            f"{place}. “{_quote(text)}”" for place, text in enumerate(question.earlier, 1)
        )
        found.append(f"{words.recalled}\n\n{listed}")
    elif question.earlier:
        last = _quote(question.earlier[-1])
        found.append(words.earlier.format(turn=len(question.earlier) + 1, quote=last))
    if question.images:
        names = ", ".join(f"`{_plain(name)}`" for name in question.images)
        found.append(words.images.format(count=len(question.images), names=names))
    return found


def _body(question: Question, words: Phrases, topics: Sequence[str]) -> list[str]:
    steps = [
        f"{place}. **{topic}**: {advice}"
        for place, (topic, advice) in enumerate(
            zip(topics, _turned(words.advice, question), strict=False), 1
        )
    ]
    parts = [_pick(words.middles, question), "\n".join(steps)]
    if _CODE.search(question.message):
        parts.append(f"{words.code}\n\n```python\n{_SAMPLE}\n```")
    return [*parts, _pick(words.questions, question).format(topic=topics[-1])]


_SAMPLE: Final = """def wait_for(task_id, fetch, pause):
    \"\"\"Ask until a job has ended, more slowly each time.\"\"\"
    wait = 2.5
    while True:
        job = fetch(task_id)
        if job["status"] in ("succeeded", "failed"):
            return job
        pause(wait)
        wait = min(wait * 1.5, 30)"""


def _topics(message: str, words: Phrases) -> list[str]:
    """The longest different words of a message, in the order in which they were said."""
    said: dict[str, str] = {}
    for word in _WORD.findall(message[:4000]):
        if len(word) >= words.shortest and word.lower() not in words.common:
            said.setdefault(word.lower(), word[:40])
    longest = sorted(said, key=lambda word: -len(word))[:_TOPICS]
    chosen = [text for word, text in said.items() if word in longest]
    return (chosen + list(words.topics))[: max(3, len(chosen))]


def _name(texts: Sequence[str]) -> str | None:
    """The name that somebody gave, the last one said."""
    for text in reversed(texts):
        for pattern in _NAMES:
            if found := pattern.search(text):
                return found[1]
    return None


def _quote(text: str) -> str:
    flat = _plain(text)
    return flat if len(flat) <= _QUOTED else flat[: _QUOTED - 1].rstrip() + "…"


def _plain(text: str) -> str:
    """One line without the characters that would begin Markdown or a format field."""
    return " ".join(re.sub(r"[`*_{}<>\[\]#|\\]", " ", text[:400]).split())


def _pick(choices: Sequence[str], question: Question) -> str:
    return choices[_dice(question) % len(choices)]


def _turned(choices: Sequence[str], question: Question) -> list[str]:
    start = _dice(question) % len(choices)
    return [*choices[start:], *choices[:start]]


def _dice(question: Question) -> int:
    text = "\x1f".join((question.model, question.message, *question.earlier))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:4], "big")


def _citations(topics: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {"title": f"{topic} (simulated)", "url": f"https://example.com/{place}"}
        for place, topic in enumerate(topics[:2], 1)
    )


def tokens(text: str) -> int:
    """About how many tokens a text has: four Latin letters, or one and a half of other scripts."""
    latin = sum(character.isascii() for character in text)
    return max(1, round(latin / 4 + (len(text) - latin) / 1.5))


def pieces(text: str) -> list[str]:
    """The text in pieces of about a token, none of them lost."""
    return re.findall(r"\s*\S{1,5}|\s+", text)
