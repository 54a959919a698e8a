"""The timeline: stored facts as a list and as a drawing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from debugger.generations import moments
from debugger.generations.models import Generation, Moment
from debugger.generations.telling import lines
from debugger.generations.telling.scale import scale
from debugger.generations.telling.timeline import Timeline, timeline
from tests.cast import acme
from tests.generations.jobs import NOON, failed, job, moment, succeeded
from tests.patience import no_hang

Kind = Moment.Kind


def after(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def told(generation: Generation) -> None:
    """The usual life of a job."""
    moment(generation, Kind.SENT, facts={"method": "POST", "path": "/x", "idempotency": "dash-1"})
    moment(generation, Kind.ANSWERED, at=after(0.3), facts={"http": 202, "took_ms": 300})
    facts = {"offsets": [2000, 4000], "took_ms": [40, 50], "http": 200}
    looked = {"until": after(4), "count": 2, "facts": facts}
    moment(generation, Kind.LOOKED, at=after(2), **looked)
    changed = {"before": "queued", "after": "processing"}
    moment(generation, Kind.CHANGED, at=after(6), facts=changed, payload='{"status":"processing"}')


def ended(generation: Generation) -> None:
    moment(
        generation,
        Kind.CHANGED,
        at=after(12),
        facts={"before": "processing", "after": "succeeded"},
    )
    moment(generation, Kind.ENDED, at=after(12), facts={"status": "succeeded", "code": ""})
    moment(generation, Kind.SETTLED, at=after(12), facts={"reserved": "20", "final": "18"})
    moment(generation, Kind.FILE_SAVED, at=after(13), facts={"mime": "image/png", "size": 2048})


def text(shown: Timeline, name: str = "timeline") -> str:
    html = render_to_string(f"generations/_{name}.html", {"timeline": shown})
    assert "style=" not in html
    return " ".join(html.split())


def lane(shown: Timeline, label: str) -> Any:
    return next(each for each in shown.drawing.lanes if each.label == label)


@pytest.mark.django_db
def test_a_timeline_tells_everything_in_its_order_with_offsets() -> None:
    generation = succeeded(acme())
    told(generation)
    ended(generation)
    rows = timeline(generation, after(100)).rows
    assert [(row.kind, row.offset) for row in rows] == [
        ("sent", "+0.00 s"),
        ("answered", "+0.30 s"),
        ("looked", "+2.00 s"),
        ("changed", "+6.00 s"),
        ("changed", "+12.0 s"),
        ("ended", "+12.0 s"),
        ("settled", "+12.0 s"),
        ("file_saved", "+13.0 s"),
    ]
    assert rows[6].sentence == "Final 18 of 20 reserved credits. 2 returned."


@pytest.mark.django_db
def test_a_timeline_needs_one_statement(django_assert_num_queries: Any) -> None:
    generation = succeeded(acme())
    told(generation)
    with django_assert_num_queries(1):
        text(timeline(generation, after(100)))


@pytest.mark.django_db
def test_a_job_that_ended_looks_the_same_whenever_it_is_looked_at() -> None:
    generation = succeeded(acme())
    told(generation)
    ended(generation)
    first, later = timeline(generation, after(100)), timeline(generation, after(9999))
    assert (text(first), text(first, "bars")) == (text(later), text(later, "bars"))


@pytest.mark.django_db
def test_looks_read_the_same_before_and_after_they_are_written_down() -> None:
    generation = job(acme(), status="queued")
    told(generation)
    generation.looks = "8000:40:200;9500:41:200;11000:42:200;"
    before = timeline(generation, after(12))
    moments.flush(generation)
    assert not generation.looks
    assert text(timeline(generation, after(12))) == text(before)
    assert before.rows[-1].count == 3
    assert [look.offset for look in before.rows[-1].looks] == ["+8.00 s", "+9.50 s", "+11.0 s"]


@pytest.mark.django_db
def test_the_look_that_saw_a_change_is_counted_once_and_stands_before_the_change() -> None:
    generation = job(acme(), looks="2000:40:200;4000:40:200;6064:40:200;")
    moments.flush(generation)
    changed = {"before": "queued", "after": "processing"}
    moment(generation, Kind.CHANGED, at=after(6.0637), facts=changed)
    shown = timeline(generation, after(9))
    assert [(row.kind, row.count) for row in shown.rows] == [("looked", 3), ("changed", 1)]
    assert shown.rows[0].sentence == "The last one saw a change."
    assert lane(shown, "Looks").value == "× 3"
    assert [mark.look for mark in lane(shown, "Looks").marks] == ["quiet", "quiet", "news"]


@pytest.mark.django_db
def test_collapsed_looks_open_to_their_single_times() -> None:
    generation = job(acme())
    told(generation)
    shown = text(timeline(generation, after(9)))
    assert "× 2" in shown
    assert "to +4.00 s" in shown
    assert "40 ms" in shown
    assert "50 ms" in shown


@pytest.mark.django_db
def test_looks_beyond_those_whose_times_are_kept_are_counted() -> None:
    generation = job(acme(), looks="".join(f"{n * 1000}:5:200;" for n in range(1, 501)))
    row = timeline(generation, after(600)).rows[-1]
    assert (row.count, len(row.looks), row.more) == (500, 200, 300)
    assert (row.ms, row.until_ms) == (1000, 500_000)
    assert "300 earlier looks were counted" in text(timeline(generation, after(600)))


@pytest.mark.django_db
def test_a_look_without_an_answer_says_so() -> None:
    generation = job(acme(), looks="1000:5000:0;")
    assert timeline(generation, after(9)).rows[0].sentence == "No answer came."
    generation.looks = "1000:50:503;"
    assert timeline(generation, after(9)).rows[0].sentence == "The answer was HTTP 503."


@pytest.mark.django_db
def test_a_payload_opens_as_coloured_json_and_is_escaped() -> None:
    generation = job(acme())
    payload = '{"prompt":"<script>alert(1)</script>"}'
    moment(generation, Kind.SENT, facts={"method": "POST", "path": "/x"}, payload=payload)
    shown = text(timeline(generation, after(9)))
    assert '<span class="k">&quot;prompt&quot;</span>' in shown
    assert "<script>" not in shown


@pytest.mark.django_db
@pytest.mark.parametrize("payload", ["not json", "{", '{"a":' * 5000, "[1e999]", '"\ud83d"'])
def test_a_payload_that_is_no_json_is_shown_as_it_is(payload: str) -> None:
    generation = job(acme())
    moment(
        generation,
        Kind.CHANGED,
        facts={"after": "x"},
        payload=payload.encode("utf-8", "replace").decode(),
    )
    assert "moment" in text(timeline(generation, after(9)))


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [*Kind.values, "hatched"])
@pytest.mark.parametrize(
    "facts", [{}, [], None, {"http": "x", "took_ms": {}, "offsets": 7, "final": [], "try": "9"}]
)
def test_facts_of_another_release_break_nothing(kind: str, facts: Any) -> None:
    generation = job(acme())
    moment(generation, kind, facts=facts if facts is not None else {}, count=3)
    shown = timeline(generation, after(9))
    assert len(shown.rows) == 1
    assert text(shown)
    assert text(shown, "bars")


@given(st.text(alphabet="0123456789:;-.x ", max_size=200))
def test_any_text_of_looks_can_be_read(looks: str) -> None:
    row = lines.of_looks(Generation(submitted_at=NOON, looks=looks))
    assert row is None or (row.count == looks.count(";") and row.ms >= 0)


def test_a_huge_text_of_looks_is_read_in_no_time() -> None:
    looks = "1:1:200;" * 2_000_000
    with no_hang():
        row = lines.of_looks(Generation(submitted_at=NOON, looks=looks))
    assert row is not None
    assert (row.count, len(row.looks)) == (2_000_000, 200)


@pytest.mark.django_db
def test_a_job_with_very_many_moments_shows_the_first_thousand_and_says_so() -> None:
    generation = job(acme())
    Moment.objects.bulk_create(
        Moment(generation=generation, number=n, kind=Kind.RESENT, at=NOON) for n in range(1, 1006)
    )
    shown = timeline(generation, after(9))
    assert len(shown.rows) == 1000
    assert "There is more than is shown here" in text(shown)


@pytest.mark.django_db
def test_the_drawing_has_a_lane_for_each_part_and_says_its_length() -> None:
    generation = succeeded(acme())
    told(generation)
    ended(generation)
    shown = timeline(generation, after(100))
    assert [(each.label, each.value) for each in shown.drawing.lanes] == [
        ("Request", "300 ms"),
        ("queued", "5.7 s"),
        ("processing", "6.0 s"),
        ("Looks", "× 4"),
        ("Saving results", "1.0 s"),
        ("Credits", "+12.0 s"),
    ]
    assert "processing: 6.0 s, from +6.00 s to +12.0 s" in text(shown, "bars")
    assert shown.drawing.end == "92.31%"


@pytest.mark.django_db
def test_an_open_job_is_drawn_up_to_now() -> None:
    generation = job(acme())
    told(generation)
    shown = timeline(generation, after(26))
    assert lane(shown, "processing").value == "20.0 s"
    assert shown.drawing.end == ""
    assert "This goes on" in text(shown)


@pytest.mark.django_db
def test_a_status_that_is_not_documented_has_a_lane_of_its_own() -> None:
    generation = failed(acme())
    facts = {"before": "moderating", "after": "failed"}
    moment(generation, Kind.ANSWERED, facts={"http": 200, "took_ms": 0})
    moment(generation, Kind.CHANGED, at=after(9), facts=facts)
    moment(generation, Kind.ENDED, at=after(9), facts={"status": "failed", "code": "x"})
    shown = timeline(generation, after(10))
    assert lane(shown, "moderating").parts[0].look == "odd"
    assert shown.drawing.end_look == "bad"


@pytest.mark.django_db
def test_a_pause_over_night_is_cut_out_of_the_drawing_with_its_length() -> None:
    generation = job(acme())
    told(generation)
    moment(generation, Kind.PAUSED, at=after(30), facts={"reason": "“Production” was revoked."})
    moment(generation, Kind.RESUMED, at=after(8 * 3600), facts={"key": "New"})
    shown = timeline(generation, after(8 * 3600 + 40))
    assert [gap.text for gap in shown.drawing.gaps] == ["7 h 59 min"]
    assert lane(shown, "Nobody looked").value == "7 h 59 min"
    assert float(lane(shown, "queued").parts[0].width.rstrip("%")) > 5
    assert "“Production” was revoked." in text(shown)


def test_a_scale_is_straight_unless_a_long_silence_would_be_all_that_is_seen() -> None:
    assert scale([0, 300, 60_000]).cuts == ()
    assert scale([0, 300, 60_000]).x(30_000) == pytest.approx(50)
    day = 24 * 3_600_000
    cut = scale([0, 1000, 5000, day, day + 1000, 2 * day, 2 * day + 3000])
    assert len(cut.cuts) == 2
    assert cut.x(0) == 0
    assert cut.x(2 * day + 3000) == pytest.approx(100)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=40))
def test_a_scale_keeps_the_order_of_times_and_stays_inside(times: list[int]) -> None:
    over = scale(times)
    places = [over.x(ms) for ms in sorted({0, *times})]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] <= 100.0001
    assert len(over.ticks()) <= 8


@pytest.mark.django_db
def test_places_in_the_drawing_are_numbers_that_svg_takes() -> None:
    generation = succeeded(acme())
    told(generation)
    ended(generation)
    shown = text(timeline(generation, after(100)), "bars")
    for value in re.findall(r' (?:x|x1|x2|cx|width)="([^"]*)"', shown):
        assert re.fullmatch(r"\d+(\.\d+)?%?", value), value


@pytest.mark.django_db
def test_a_job_of_which_nothing_is_written_down_has_an_empty_timeline() -> None:
    shown = timeline(job(acme()), after(9))
    assert "Nothing is written down" in text(shown)
    assert text(shown, "bars").count("<svg") == 0
