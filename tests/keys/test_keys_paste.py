"""What people paste where a key belongs."""

from __future__ import annotations

import pytest

from debugger.keys import paste
from debugger.web.errors import Invalid
from tests.cast import new_key

KEY = new_key("p")


@pytest.mark.parametrize(
    "around",
    [
        "  {}\n",
        "Bearer {}",
        "bearer   {} ",
        "Authorization: Bearer {}",
        '"{}"',
        "'{}',",
        "“{}”",
        "export RIVYA_API_KEY={}",
        'RIVYA_API_KEY="{}"',
        "\ufeff{}\u200b",
    ],
)
def test_what_copying_brings_along_is_left_out_and_said(around: str) -> None:
    pasted = paste.read(around.format(KEY))
    assert pasted.value == KEY
    assert len(pasted.notes) == 1
    assert KEY not in repr(pasted)


def test_a_clean_paste_needs_no_word() -> None:
    assert paste.read(KEY).notes == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Paste the key"),
        ("   ", "Paste the key"),
        ("sk-" + "a" * 40, "begin with rvya_sk_"),
        ("whsec_" + "a" * 40, "signing secret"),
        ("rvya_sk_", "only the beginning"),
        ("rvya_sk_…a1b2", "shortened preview"),
        ("rvya_sk_...a1b2", "shortened preview"),
        ("rvya_sk_****a1b2", "shortened preview"),
        (f"{KEY} {KEY}", "several keys"),
        (f"curl -H x {KEY}", "more here than a key"),
        ("rvya_sk_" + "a" * 20 + "\n" + "b" * 20, "a blank or a character"),
        ("rvya_sk_" + "a" * 20 + "é" * 20, "a blank or a character"),
        ("rvya_sk_" + "a" * 20 + "\x00", "a blank or a character"),
        ("rvya_sk_" + "a" * 600, "far longer"),
        ("x" * 100_000, "far longer"),
    ],
)
def test_what_is_no_key_is_refused_without_being_quoted(text: str, word: str) -> None:
    with pytest.raises(Invalid) as refused:
        paste.read(text)
    assert word in str(refused.value)
    assert "a" * 20 not in str(refused.value)


@pytest.mark.parametrize("rest", ["a" * 12, "a" * 64, "a" * 30 + "+/" * 2])
def test_what_is_only_unusual_is_taken_with_a_remark(rest: str) -> None:
    pasted = paste.read("rvya_sk_" + rest)
    assert pasted.value.endswith(rest)
    assert "assumed" in pasted.notes[0]


def test_of_a_very_short_key_no_end_is_shown() -> None:
    assert paste.read("rvya_sk_" + "abcdefgh").last_four == ""
    assert paste.read(KEY).last_four == "pppp"
