"""The decoder against the WHATWG text, at every possible border between chunks."""

from __future__ import annotations

import itertools
import re
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from debugger.contract.streams import Comment, Decoder, Event, FrameTooLarge, comment, encode

Plain = tuple[str, str, str]


def events_of(*chunks: bytes) -> list[Event]:
    decoder = Decoder()
    items = [item for chunk in chunks for item in decoder.feed(chunk)]
    decoder.close()
    assert all(isinstance(item, Event) for item in items)
    return [item for item in items if isinstance(item, Event)]


def plain(*chunks: bytes) -> list[Plain]:
    return [(event.name, event.data, event.last_id) for event in events_of(*chunks)]


def one_by_one(stream: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in stream]


def reference(stream: bytes) -> tuple[list[Plain], str, int | None]:
    """The HTML standard's algorithm over the whole stream at once: events, last id, retry."""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    lines = re.split(r"\r\n|\r|\n", text)[:-1]
    events: list[Plain] = []
    name, data, id_buffer, last_id, retry = "", "", "", "", None
    for line in lines:
        if line == "":
            last_id = id_buffer
            if data != "":
                events.append((name or "message", data.removesuffix("\n"), last_id))
            name, data = "", ""
            continue
        if line.startswith(":"):
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value + "\n"
        elif field == "id":
            id_buffer = id_buffer if "\0" in value else value
        elif field == "retry" and value and all(digit in "0123456789" for digit in value):
            retry = int(value)
    return events, last_id, retry


PIECES = st.sampled_from(
    [
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b": ",
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"data: x\n\n",
        b"\xef\xbb\xbf",
        b"\x00",
        b"12",
        "\u0661".encode(),
        "é".encode(),
        "\U0001f44b".encode(),
        "\u2028".encode(),
        b"\xf0\x9f",
        b"\xff",
        b"a",
        b"\x0b\x0c\x1c\x85",
    ]
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join)


@given(stream=STREAMS, cuts=st.lists(st.integers(min_value=0, max_value=200), max_size=20))
@example(stream=b"\xef\xbb\xbfdata: a\r\n\r\n", cuts=[1, 2, 11, 13])
@example(stream=b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", cuts=[4])
def test_any_chunking_gives_what_the_standard_says(stream: bytes, cuts: list[int]) -> None:
    borders = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in itertools.pairwise(borders)]
    decoder = Decoder()
    found = [item for chunk in chunks for item in decoder.feed(chunk)]
    shown = [(item.name, item.data, item.last_id) for item in found if isinstance(item, Event)]
    assert (shown, decoder.last_id, decoder.retry) == reference(stream)


@given(stream=STREAMS)
def test_one_byte_at_a_time_gives_what_the_standard_says(stream: bytes) -> None:
    assert plain(*one_by_one(stream)) == reference(stream)[0]


@pytest.mark.parametrize(
    "stream",
    [
        b"data:a\r\n\r\n",
        b"data:\xf0\x9f\x91\x8b\n\n",
        b"\xef\xbb\xbfdata:a\r\r",
        b"id:1\ndata\n\n",
        b"data:a\n\r\ndata:b",
        b":\r\ndata:a\r\n\r",
    ],
)
def test_all_chunkings_of_a_short_stream_agree(stream: bytes) -> None:
    expected = reference(stream)[0]
    places = range(1, len(stream))
    for cuts in itertools.product((False, True), repeat=len(stream) - 1):
        borders = [0, *itertools.compress(places, cuts), len(stream)]
        chunks = [stream[start:end] for start, end in itertools.pairwise(borders)]
        assert plain(*chunks) == expected


@given(stream=STREAMS, cut=st.integers(min_value=0, max_value=200))
def test_the_raw_bytes_of_the_frames_stand_in_the_stream_in_order(stream: bytes, cut: int) -> None:
    at = 0
    for event in events_of(stream[:cut], stream[cut:]):
        at = stream.index(event.raw, at) + len(event.raw)


def test_raw_bytes_are_the_frame_with_its_empty_line() -> None:
    frames = [b"event: a\r\ndata: 1\r\n\r\n", b"id: 7\ndata: 2\n\n", b"data: 3\r\r"]
    assert [event.raw for event in events_of(b"".join(frames))] == frames


def test_an_event_is_dispatched_at_its_carriage_return_without_waiting() -> None:
    decoder = Decoder()
    assert [type(item) for item in decoder.feed(b"data: a\r\r")] == [Event]
    assert decoder.feed(b"\ndata: b\r\n\r") == [
        Event(data="b", raw=b"\ndata: b\r\n\r"),
    ]


def test_the_example_of_the_standard_with_three_lines_of_data() -> None:
    stream = b"data: YHOO\ndata: +2\ndata: 10\n\n"
    assert plain(stream) == [("message", "YHOO\n+2\n10", "")]


def test_the_example_of_the_standard_with_ids_and_a_comment() -> None:
    stream = b": test stream\n\ndata: first event\nid: 1\n\n"
    stream += b"data:second event\nid\n\ndata:  third event\n"
    assert plain(stream) == [("message", "first event", "1"), ("message", "second event", "")]


def test_the_example_of_the_standard_with_empty_data() -> None:
    assert plain(b"data\n\ndata\ndata\n\ndata:") == [("message", "", ""), ("message", "\n", "")]


def test_exactly_one_space_after_the_colon_is_removed() -> None:
    assert plain(b"data:test\n\ndata: test\n\ndata:  test\n\n") == [
        ("message", "test", ""),
        ("message", "test", ""),
        ("message", " test", ""),
    ]


def test_a_frame_without_data_is_not_dispatched_and_its_event_name_is_forgotten() -> None:
    assert plain(b"event: ping\n\ndata: a\n\n") == [("message", "a", "")]


def test_a_frame_without_data_still_sets_the_last_id() -> None:
    assert plain(b"id: 5\n\ndata: a\n\n") == [("message", "a", "5")]


def test_the_last_id_stays_until_another_one_comes() -> None:
    stream = b"id: 5\ndata: a\n\ndata: b\n\nid: 6\ndata: c\n\n"
    assert [event.last_id for event in events_of(stream)] == ["5", "5", "6"]


def test_an_id_with_nul_is_ignored() -> None:
    assert plain(b"id: 5\ndata: a\n\nid: 6\x00\ndata: b\n\n")[1] == ("message", "b", "5")


def test_an_unfinished_frame_changes_nothing() -> None:
    decoder = Decoder()
    decoder.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
    decoder.close()
    assert decoder.last_id == "1"


def test_the_event_name_counts_for_its_own_frame_only() -> None:
    assert plain(b"event: add\ndata: 1\n\ndata: 2\n\n") == [("add", "1", ""), ("message", "2", "")]


def test_an_empty_event_name_means_message() -> None:
    assert plain(b"event: add\nevent:\ndata: 1\n\n") == [("message", "1", "")]


@pytest.mark.parametrize("value", ["", "1s", "-1", "1.5", " 1", "\u0661", "0x1", "+1"])
def test_retry_takes_ascii_digits_only(value: str) -> None:
    decoder = Decoder()
    decoder.feed(f"retry: {value}\ndata: a\n\n".encode())
    assert decoder.retry is None


def test_retry_is_told_on_its_own_frame_and_kept_by_the_stream() -> None:
    decoder = Decoder()
    first, second = decoder.feed(b"retry: 0250\ndata: a\n\ndata: b\n\n")
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (first.retry, second.retry, decoder.retry) == (250, None, 250)


def test_a_retry_of_thousands_of_digits_does_no_harm() -> None:
    decoder = Decoder()
    decoder.feed(b"retry: " + b"9" * 10_000 + b"\ndata: a\n\n")
    assert decoder.retry is not None
    assert decoder.retry >= 10**18


@pytest.mark.parametrize("field", ["Data", "DATA", " data", "data ", "x", "\ufeffdata"])
def test_an_unknown_field_is_ignored(field: str) -> None:
    assert plain(f": first line\n{field}: a\n\n".encode()) == []


def test_a_byte_order_mark_counts_at_the_very_start_only() -> None:
    assert plain(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n") == [("message", "a", "")]
    assert plain(b"\n\xef\xbb\xbfdata: a\n\n") == []


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
def test_only_cr_and_lf_end_a_line(separator: str) -> None:
    assert plain(f"data: a{separator}b\n\n".encode()) == [("message", f"a{separator}b", "")]


def test_broken_utf8_becomes_the_replacement_character_and_swallows_no_line_end() -> None:
    assert plain(b"data: \xf0\x9f\ndata: \xff\n\n") == [("message", "\ufffd\n\ufffd", "")]


def test_comments_are_given_when_they_are_asked_for() -> None:
    items = Decoder(keep_comments=True).feed(b": ping\n\ndata: a\n:pong\n\n")
    assert items == [
        Comment(text="ping", raw=b": ping\n"),
        Comment(text="pong", raw=b":pong\n"),
        Event(data="a", raw=b"data: a\n:pong\n\n"),
    ]


def test_a_line_without_end_is_refused_at_its_limit() -> None:
    decoder = Decoder(max_line=1000)
    decoder.feed(b"data: " + b"x" * 900)
    with pytest.raises(FrameTooLarge):
        decoder.feed(b"x" * 200)


def test_an_event_of_many_lines_is_refused_at_its_limit() -> None:
    decoder = Decoder(max_frame=1000)
    decoder.feed(b"data: x\n" * 120)
    with pytest.raises(FrameTooLarge):
        decoder.feed(b"data: x\n" * 10)


def test_events_before_a_line_that_is_too_long_are_given_first() -> None:
    decoder = Decoder(max_line=100)
    assert len(decoder.feed(b"data: a\n\ndata: b\n\ndata: " + b"x" * 200)) == 2
    with pytest.raises(FrameTooLarge):
        decoder.feed(b"\n\n")


def test_heartbeats_without_end_are_never_too_large() -> None:
    decoder = Decoder(max_frame=1000)
    for _ in range(1000):
        decoder.feed(b": ping\n")
    assert decoder.feed(b"data: a\n\n") == [Event(data="a", raw=b"data: a\n\n")]


def test_memory_stays_small_over_a_long_stream() -> None:
    decoder = Decoder()
    frame = encode("x" * 100, name="delta")
    decoder.feed(frame)
    tracemalloc.start()
    try:
        for _ in range(5_000):
            decoder.feed(frame)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_a_large_chunk_of_short_lines_gives_every_event() -> None:
    # How long it takes, beside a naive splitter, is what tests/bench/decoder.py prints.
    assert len(events_of(b"data: x\n\n" * 50_000)) == 50_000


SAFE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ONE_LINE = SAFE.filter(lambda text: "\r" not in text and "\n" not in text)


@given(data=SAFE, name=st.none() | ONE_LINE, retry=st.none() | st.integers(0, 10**9))
def test_what_is_encoded_is_decoded_again(data: str, name: str | None, retry: int | None) -> None:
    [event] = events_of(encode(data, name=name, retry=retry))
    expected = data.replace("\r\n", "\n").replace("\r", "\n")
    assert (event.data, event.retry) == (expected, retry)
    assert event.name == (name or "message")


@given(last_id=ONE_LINE.filter(lambda text: "\0" not in text))
def test_an_encoded_id_is_read_again(last_id: str) -> None:
    assert events_of(encode("x", last_id=last_id))[0].last_id == last_id


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\r\n"])
def test_a_name_or_id_that_would_end_its_line_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        encode("x", name=bad)
    with pytest.raises(ValueError, match="line end"):
        encode("x", last_id=bad)
    with pytest.raises(ValueError, match="line end"):
        comment(bad)


def test_an_id_with_nul_and_a_negative_retry_are_not_encoded() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode("x", last_id="a\0")
    with pytest.raises(ValueError, match="negative"):
        encode("x", retry=-1)


def test_an_encoded_comment_dispatches_nothing() -> None:
    assert plain(comment("ping")) == []
    assert Decoder(keep_comments=True).feed(comment("ping"))[0] == Comment(
        text="ping", raw=b": ping\n"
    )
