"""One tokenizer makes what is stored and what is asked, so that what is written can be found."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.exchanges import words
from tests.patience import no_hang

UUID = "550E8400-e29b-41d4-a716-446655440000"


def stored(text: str) -> list[str]:
    """The words of a text, without the mark of their team."""
    return [
        word.partition("_")[2] for word in words.of_texts([text], team_id=12).split(" ") if word
    ]


def finds(query: str, text: str) -> bool:
    """Whether a row with this text has what is asked for."""
    asked, there = words.asked(query), stored(text)
    return bool(asked) and all(any(word.startswith(ask) for word in there) for ask in asked)


def test_words_begin_with_their_team_and_stand_once() -> None:
    assert words.of_texts(["Red red", "RED bottle"], team_id=12) == "12_red 12_bottle"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("bottle", "A red Bottle, on a table."),
        ("bott", "A red Bottle, on a table."),
        ("table red", "A red Bottle, on a table."),
        ("STRASSE", "Straße"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "Café"),
        ("full", "ＦＵＬＬ width"),
        ("task_abc-1", "the job task_abc-1 ended"),
        ("TASK_ABC", "the job task_abc-1 ended"),
        ("abc-1", "the job task_abc-1 ended"),
        (UUID, f"id {UUID.lower()}"),
        (UUID[:13], f"id {UUID}"),
        (UUID[9:23], f"id {UUID}"),
        ("req_8Hn2kQ", "requestId: req_8hn2kq"),
        ("gpt-5.4", "gpt-5.4-codex-chat"),
        ("codex", "gpt-5.4-codex-chat"),
        ("16:9", "aspect 16:9 wide"),
        ("rivya.ai/api", "https://rivya.ai/api/v1/generations?limit=2"),
        ("limit 2", "https://rivya.ai/api/v1/generations?limit=2"),
        ("mail@example.com", "write to mail@example.com!"),
        ("模型", "一个模型你好"),
        ("模", "一个模型你好"),
        ("好", "一个模型你好"),
        ("gpt模型", "新的gpt模型。"),
        ("ラーメン", "美味しいラーメンを描いて"),
        ("แมว", "รูปแมวสีขาว"),
        ("고양이", "고양이가 의자 위에"),
        ("हिन्दी", "यह हिन्दी में है"),
        ("हिन्", "यह हिन्दी में है"),
        ("می\u200cخواهم", "من میخواهم"),
        ("🐱", "a cat 🐱 here"),
        ("👍", "good👍🏽job"),
        ("👩\u200d💻", "by 👩💻"),
    ],
)
def test_what_is_written_is_found(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("ottle", "A red Bottle"),
        ("bottle green", "A red Bottle"),
        ("task_abc-2", "task_abc-1"),
        ("好你", "你好"),
        ("手机", "手表 机会"),
        ("दी", "हिन्दी"),
    ],
)
def test_what_is_not_written_is_not_found(query: str, text: str) -> None:
    assert not finds(query, text)


@pytest.mark.parametrize("text", ["", "   ", "!?", "\0", "—", "__", "\ud800", "\u200d", ' "* '])
def test_without_a_word_there_is_nothing_to_ask(text: str) -> None:
    assert words.asked(text) == ()
    assert stored(text) == []


def test_an_id_longer_than_a_word_is_found_to_its_end() -> None:
    long = "order-" + "x" * 100 + "1" + "-" + "y" * 60
    assert finds(long, f"key {long}")
    assert finds("x" * 100 + "1", f"key {long}")
    assert not finds(long[:-1] + "z", f"key {long}")
    assert not finds(long.replace("1", "2"), f"key {long}")


def test_a_long_run_without_a_border_costs_few_words() -> None:
    assert len(stored("a" * 100_000)) <= 8 + 1


def test_a_long_chain_costs_as_many_words_as_it_has_parts() -> None:
    chain = "-".join(str(number) for number in range(500))
    assert len(stored(chain)) == 500
    assert finds("11-12-13-14", chain)
    assert finds(chain[:300], chain)
    assert not finds("11-13", chain)


def test_a_row_has_a_bounded_number_of_words_and_the_first_texts_win() -> None:
    noise = " ".join(f"w{number}" for number in range(9_000))
    found = words.of_texts(["task_first", noise], team_id=1).split(" ")
    assert (len(found), found[0]) == (words.MOST, "1_task_first")


def test_names_texts_and_numbers_of_json_are_words_and_moments_are_not() -> None:
    value = {
        "prompt": "Bottle",
        "n": [1, 2.5, True, None],
        "at": "2026-05-11T00:00:00.000Z",
        "deep": {"x": ["y"]},
    }
    texts = ["prompt", "Bottle", "n", "1", "2.5", "at", "deep", "x", "y"]
    assert list(words.texts_of(value)) == texts


def test_escapes_in_broken_json_are_undone() -> None:
    assert stored(words.unescaped('{"a": "h\\u00e9llo\\nworld \\"x')) == [
        "a",
        "héllo",
        "world",
        "x",
    ]


@pytest.mark.parametrize(
    "noise", ["-" * 200_000, "a-" * 100_000, "語" * 200_000, "\\u12" * 50_000, "a\u0300" * 90_000]
)
def test_noise_is_cut_into_words_in_bounded_time(noise: str) -> None:
    with no_hang():
        assert len(stored(words.unescaped(noise))) <= words.MOST
        assert len(words.asked(noise[:300])) <= words.MOST_ASKED


TEXT = st.text(max_size=60) | st.text(alphabet="aß语ा_-.:/'\"\\ \0👍", max_size=60)


@given(TEXT)
def test_words_hold_no_sign_of_a_query_language_and_are_short(text: Any) -> None:
    for word in [*stored(text), *words.asked(text)]:
        assert 0 < len(word) <= words.LONGEST
        assert not re.search(r"[\s\x00-\x2f\x3a-\x5e\x60\x7b-\x7f\ud800-\udfff]", word)
        assert not any(unicodedata.category(char)[0] in "ZCP" for char in word if char != "_")


@given(TEXT)
def test_a_text_finds_itself(text: str) -> None:
    assert finds(text, text) == bool(words.asked(text))


@given(TEXT, st.text(max_size=10), st.text(max_size=10))
def test_a_text_is_found_among_others(text: str, before: str, after: str) -> None:
    assert not words.asked(text) or finds(text, f"{before} {text} {after}")


def test_the_same_words_come_from_the_same_text() -> None:
    text = "".join(random.Random(3).choices("abc -_.語न्", k=500))
    assert stored(text) == stored(text)


def test_marks_in_a_row_take_no_time_that_grows_with_their_square() -> None:
    with no_hang():
        words.of_texts(["\u0315\u0300" * 500_000, "\ufdfa" * 500_000], team_id=1)


def test_a_word_is_found_wherever_a_long_text_is_folded_in_pieces() -> None:
    stored = words.of_texts(["é " * 700 + "Cafe\u0301 नमस्ते"], team_id=1).split()
    assert {f"1_{word}" for word in words.asked("café नमस्ते")} <= set(stored)
