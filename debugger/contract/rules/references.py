"""Which reference media a model takes: kinds, counts and combinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from debugger.contract.assumptions import Assumptions
from debugger.contract.catalog import Model, ReferenceRules
from debugger.contract.schemas import Problem, pointer
from debugger.contract.schemas.formats import is_uri
from debugger.contract.schemas.problems import choices

REFERENCES: Final = "referenceMediaItems"
_PLACE: Final = ("params", REFERENCES)
_TIMED: Final = frozenset(("video", "audio"))


def reference_problems(
    items: object, *, model: Model, assumptions: Assumptions
) -> Iterator[Problem]:
    """What is wrong with params.referenceMediaItems; None stands for a key that was not sent."""
    whole = pointer(_PLACE)
    if items is None or items == []:
        if model.requires_files_api:
            yield Problem(whole, "is required: this model works from an uploaded file")
        return
    if not isinstance(items, list):
        return
    if model.references is None:
        yield Problem(whole, "is not taken by this model")
        return
    entries = [item if isinstance(item, dict) else {} for item in items]
    for message in _count_problems(entries, model.id, model.references):
        yield Problem(whole, message)
    for index, item in enumerate(entries):
        yield from _item_problems(item, index, model.references, assumptions)


def _item_problems(
    item: Mapping[str, Any], index: int, rules: ReferenceRules, assumptions: Assumptions
) -> Iterator[Problem]:
    given = item.get("kind")
    kind = given if isinstance(given, str) else ""
    if kind in ("image", *_TIMED) and kind not in rules.kinds:
        yield Problem(pointer([*_PLACE, index, "kind"]), f"{choices(rules.kinds)} for this model")
    elif assumptions.duration_token_required and kind in _TIMED and not item.get("durationToken"):
        place = pointer([*_PLACE, index, "durationToken"])
        yield Problem(place, f"is required for {kind}; the upload answered with it")
    url = item.get("url")
    if isinstance(url, str) and is_uri(url) and urlsplit(url).scheme not in ("http", "https"):
        yield Problem(pointer([*_PLACE, index, "url"]), "must be the url that the upload gave")


def _count_problems(
    items: list[dict[str, Any]], model_id: str, rules: ReferenceRules
) -> Iterator[str]:
    """A rule in the page's own words says more than the plain count, and stands in its place."""
    if (combination := _COMBINATIONS.get(model_id)) is not None:
        kinds = Counter(item["kind"] for item in items if isinstance(item.get("kind"), str))
        if messages := list(combination(kinds)):
            yield from messages
            return
    if rules.max_files is not None and len(items) > rules.max_files:
        yield f"must have at most {_entries(rules.max_files)} for this model"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


def _happyhorse(kinds: Counter[str]) -> Iterator[str]:
    if kinds["video"] > 1:
        yield "must have at most 1 video"
    if kinds["video"] and kinds["image"] > 5:
        yield "must have at most 5 images beside a video"
    if not kinds["video"] and kinds["image"] > 9:
        yield "must have at most 9 images"


def _image_or_video(kinds: Counter[str]) -> Iterator[str]:
    if kinds["image"] + kinds["video"] > 1:
        yield "must be 1 image or 1 video"


# Rules that a model's page states in words and that a plain count cannot express.
_COMBINATIONS: Final[Mapping[str, Callable[[Counter[str]], Iterator[str]]]] = {
    "happyhorse-1-0": _happyhorse,
    "wan-2-6": _image_or_video,
}
