"""A stored live request once more in mock mode, beside the run that it was stored with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from debugger.contract import operations
from debugger.exchanges.models import Exchange
from debugger.keys.models import Spend
from debugger.panels.draft import initial
from debugger.panels.estimate import fingerprint
from debugger.panels.handover import as_json
from tests.cast import acme, browser_of, zenith
from tests.exchanges.rows import run_row

pytestmark = pytest.mark.django_db
CREATE = operations.get("generations.create")


def live_run(**facts: Any) -> Exchange:
    draft = initial(CREATE)
    plain = {
        "mode": "live",
        "scenario": "",
        "draft": json.dumps(as_json(draft)),
        "fingerprint": fingerprint(CREATE, draft),
        "request_text": json.dumps(draft.body),
    }
    return run_row(acme(), prompt="a fox", **{**plain, **facts})


def test_one_click_runs_a_live_request_in_mock_mode_and_shows_both() -> None:
    live = live_run()
    answer = browser_of("Bob").post(f"/t/acme/panels/mirror/{live.name}", follow=True)
    mock = Exchange.objects.get(mode="mock")
    assert answer.redirect_chain[0][0] == f"/t/acme/history/compare?a={mock.name}&b={live.name}"
    assert (mock.origin_id, mock.fingerprint) == (live.pk, live.fingerprint)
    assert mock.status is not None and mock.status < 300  # noqa: PT018 - One fact.
    assert b"Compare two runs" in answer.content
    assert not Spend.objects.exists()


def test_the_page_of_a_live_run_without_a_partner_offers_that_click() -> None:
    live = live_run()
    html = browser_of("Bob").get(f"/t/acme/history/{live.name}/same").content.decode()
    assert f'action="/t/acme/panels/mirror/{live.name}"' in html


@pytest.mark.parametrize(
    "facts",
    [{"draft": ""}, {"operation": "files.create"}, {"operation": "chat.stream"}],
    ids=["kept no draft", "an upload", "a stream"],
)
def test_what_cannot_be_run_from_its_row_is_said_and_not_sent(facts: dict[str, Any]) -> None:
    run = live_run(**facts)
    answer = browser_of("Bob").post(f"/t/acme/panels/mirror/{run.name}")
    assert answer.status_code == 422
    assert Exchange.objects.count() == 1


def test_a_run_of_another_team_and_a_visitor_have_nothing_to_mirror() -> None:
    run = live_run()
    zenith()
    assert browser_of("Charlie").post(f"/t/zenith/panels/mirror/{run.name}").status_code == 404
    assert browser_of("Charlie").post(f"/t/acme/panels/mirror/{run.name}").status_code == 404
    assert browser_of("Bob").post(f"/panels/mirror/{run.name}").status_code == 404
    assert browser_of("Bob").get(f"/t/acme/panels/mirror/{run.name}").status_code == 405
