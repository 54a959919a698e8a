"""Mock results in a real Chromium, served by the emulator's own HTTP face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.emulator.faces import Caller, Clock, make_emulator, over_http

pytestmark = pytest.mark.browser

# Loads a medium, plays it for a while, seeks forward and back, and plays to its end.
_PLAY = """async ([tag, address]) => {
  const medium = document.createElement(tag);
  const event = (name) => new Promise((resolve, reject) => {
    medium.addEventListener(name, resolve, { once: true });
    medium.addEventListener("error", () => reject(new Error(medium.error.message)));
    setTimeout(() => reject(new Error(`no ${name} within ten seconds`)), 10000);
  });
  const seek = async (to) => {
    const done = event("seeked");
    medium.currentTime = to;
    await done;
    return medium.currentTime;
  };
  medium.muted = true;
  const loaded = event("loadedmetadata");
  medium.src = address;
  document.body.append(medium);
  await loaded;
  await medium.play();
  await new Promise((resolve) => setTimeout(resolve, 500));
  medium.pause();
  const found = {
    duration: medium.duration, width: medium.videoWidth, height: medium.videoHeight,
    played: medium.currentTime, forward: await seek(2.5), back: await seek(0.25),
  };
  await seek(2.8);
  const end = event("ended");
  await medium.play();
  await end;
  return found;
}"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alice(clock: Clock) -> Iterator[Caller]:
    with over_http(make_emulator(clock)) as face:
        yield Caller.arrive(face)


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


def result(alice: Caller, clock: Clock, **body: Any) -> str:
    task = alice.submit(**body).json["id"]
    clock.pass_(600)
    return str(alice.call("GET", f"/generations/{task}").json["result"]["primary_url"])


def test_a_mock_film_plays_and_seeks(alice: Caller, clock: Clock, blank: Page) -> None:
    params = {"aspect_ratio": "9:16"}
    address = result(alice, clock, model="wan-2-5-video", params=params)
    found = blank.evaluate(_PLAY, ["video", address])
    assert found["duration"] == pytest.approx(3.0, abs=0.05)
    assert found["width"] / found["height"] == pytest.approx(9 / 16, rel=0.02)
    assert found["played"] > 0.2
    assert (found["forward"], found["back"]) == (2.5, 0.25)


def test_a_mock_sound_plays_and_seeks(alice: Caller, clock: Clock, blank: Page) -> None:
    address = result(alice, clock, model="suno-music", prompt="A story")
    found = blank.evaluate(_PLAY, ["audio", address])
    assert found["duration"] == pytest.approx(3.0, abs=0.05)
    assert found["played"] > 0.2
    assert (found["forward"], found["back"]) == (2.5, 0.25)


def test_a_mock_picture_is_shown_in_its_shape(alice: Caller, clock: Clock, blank: Page) -> None:
    address = result(alice, clock, params={"aspect_ratio": "16:9"})
    size = blank.evaluate(
        "async (address) => { const image = new Image(); image.src = address;"
        " await image.decode(); return [image.naturalWidth, image.naturalHeight]; }",
        address,
    )
    assert size == [1024, 576]


def test_media_are_served_in_the_ranges_that_a_player_asks_for(alice: Caller, clock: Clock) -> None:
    path = "/media/" + result(alice, clock, model="suno-music").split("/media/")[1]
    whole = alice.call("GET", path)
    part = alice.call("GET", path, headers={"Range": "bytes=100-199"})
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.body)}"
