"""Which uploads are accepted, by kind, size, type and model."""

from __future__ import annotations

from typing import Any

import pytest

from debugger.contract.assumptions import with_overrides
from debugger.contract.rules import file_problems

MB = 2**20
TYPES = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}
DEFAULTS_MB = {"image": 10, "video": 50, "audio": 10}


def problems(kind: Any, **values: Any) -> list[tuple[str, str]]:
    given = {"size": 1000, "detected_mime": TYPES.get(str(kind)), **values}
    return [(item.pointer, item.message) for item in file_problems(kind, **given)]


@pytest.mark.parametrize("kind", TYPES)
def test_the_default_limit_holds_to_the_byte(kind: str) -> None:
    limit = DEFAULTS_MB[kind] * MB
    assert problems(kind, size=limit) == []
    assert problems(kind, size=limit + 1) == [
        ("/file", f"must have at most {DEFAULTS_MB[kind]} MB")
    ]


def test_a_megabyte_is_an_assumption() -> None:
    decimal = with_overrides({"megabyte": 10**6})
    assert problems("image", size=10 * 10**6 + 1, assumptions=decimal) != []
    assert problems("image", size=10 * 10**6 + 1) == []


@pytest.mark.parametrize(
    ("model", "kind", "mime", "megabytes"),
    [
        ("nano-banana-2", "image", "image/webp", 30),
        ("wan-2-7-image", "image", "image/jpeg", 20),
        ("happyhorse-1-0", "video", "video/quicktime", 95),
        ("wan-2-6", "video", "video/x-matroska", 10),
        ("seedream-4-0", "image", "image/png", 10),
        ("gpt-5-2-chat", "image", "image/png", 10),
    ],
)
def test_a_model_has_limits_of_its_own(model: str, kind: str, mime: str, megabytes: int) -> None:
    whole = {"model": model, "detected_mime": mime}
    assert problems(kind, size=megabytes * MB, **whole) == []
    assert [place for place, _ in problems(kind, size=megabytes * MB + 1, **whole)] == ["/file"]


def test_a_type_that_only_one_model_takes_is_refused_without_it() -> None:
    assert problems("video", detected_mime="video/x-matroska", model="wan-2-6") == []
    [(place, words)] = problems("video", detected_mime="video/x-matroska")
    assert place == "/file"
    assert "video/x-matroska" in words
    assert "video/mp4" in words


def test_the_bytes_decide_and_not_the_kind() -> None:
    assert [place for place, _ in problems("image", detected_mime="video/mp4")] == ["/file"]
    assert [place for place, _ in problems("image", detected_mime=None)] == ["/file"]


def test_an_empty_file_is_refused_with_that_reason_alone() -> None:
    assert problems("image", size=0, detected_mime=None) == [("/file", "must not be empty")]


def test_a_kind_that_the_model_does_not_take_is_refused() -> None:
    assert ("/kind", "must be one of: image for this model") in problems(
        "video", model="gpt-image-1-5"
    )


def test_a_model_without_files_and_an_unknown_one_are_refused() -> None:
    assert problems("image", model="z-image") == [("/model", "takes no files")]
    assert problems("image", model="claude-sonnet-4-6-chat") == [("/model", "takes no files")]
    assert problems("image", model="nobody") == [("/model", "is not a known model")]


@pytest.mark.parametrize("kind", ["text", "Image", ""])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    assert problems(kind) == [("/kind", "must be one of: image, video, audio")]


def test_a_missing_kind_is_told_as_missing() -> None:
    assert problems(None) == [("/kind", "is required")]


def test_a_trace_id_has_128_characters_at_most() -> None:
    assert problems("image", client_request_id="x" * 128) == []
    assert problems("image", client_request_id="x" * 129) == [
        ("/client_request_id", "must have at most 128 characters")
    ]
