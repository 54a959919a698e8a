from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from debugger.client.outcome import FailureKind, Mode
from debugger.client.troubles import MAYBE_HANDLED
from debugger.keys.live import spend
from debugger.keys.live.spend import OverCeiling
from debugger.keys.models import ApiKey, Spend, SpendDay
from debugger.teams import audit
from debugger.teams.models import AuditEvent, Team
from debugger.web.errors import Invalid, NotAllowed, NotFound
from tests.cast import person, zenith
from tests.keys import answers
from tests.keys.purses import a_key, team

NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def hold(
    owner: Team,
    key: ApiKey | None = None,
    *,
    credits: Decimal | int | None = 20,
    idempotency: str = "",
    body: str = "",
    name: str = "Bob",
    override: bool = False,
    operation: str = "generations.create",
    now: datetime = NOON,
) -> Spend | OverCeiling | None:
    return spend.hold(
        team=owner,
        key=key,
        user_id=person(name).pk,
        operation=operation,
        estimated=credits,
        idempotency=idempotency,
        body=body,
        override=override,
        by=audit.Origin(actor_id=person(name).pk, actor_name=name),
        now=now,
    )


def told(*values: object) -> tuple[object, ...]:
    """Values side by side; a Decimal is equal to a whole number."""
    return values


def held(*args: object, **kwargs: object) -> Spend:
    found = hold(*args, **kwargs)  # type: ignore[arg-type]
    assert isinstance(found, Spend)
    return found


def over(*args: object, **kwargs: object) -> OverCeiling:
    found = hold(*args, **kwargs)  # type: ignore[arg-type]
    assert isinstance(found, OverCeiling)
    return found


def day_of(owner: Team, key: ApiKey | None = None, *, now: datetime = NOON) -> Decimal:
    row = SpendDay.objects.filter(team=owner, key=key, day=now.date()).first()
    return row.credits if row else Decimal(0)


def test_what_is_held_counts_for_the_team_and_for_the_key() -> None:
    owner = team(day=100)
    key = a_key(owner)
    found = held(owner, key)
    assert told(found.state, found.credits, found.estimated) == ("held", 20, 20)
    assert day_of(owner) == day_of(owner, key) == 20


def test_runs_pass_until_the_ceiling_of_the_day_is_reached_and_not_beyond() -> None:
    owner = team(day=50)
    results = [hold(owner) for _ in range(4)]
    assert [isinstance(each, Spend) for each in results] == [True, True, False, False]
    assert day_of(owner) == 40


def test_a_run_may_use_the_last_credit() -> None:
    assert isinstance(hold(team(day=20)), Spend)


def test_fractions_add_up_exactly_whatever_the_database_counts_in() -> None:
    owner = team(day=7)
    passed = [isinstance(hold(owner, credits=Decimal("0.7")), Spend) for _ in range(11)]
    assert passed == [True] * 10 + [False]
    assert day_of(owner) == 7


def test_the_ceiling_of_one_run_refuses_a_dear_run_and_says_the_numbers() -> None:
    refusal = over(team(run=10))
    assert (refusal.kind, refusal.of, refusal.ceiling) == ("run", "team", 10)
    assert "20 credits" in refusal.sentence
    assert "10" in refusal.sentence


def test_a_key_has_ceilings_of_its_own() -> None:
    owner = team(day=1000)
    small, large = a_key(owner, day=30), a_key(owner, label="Other")
    held(owner, small)
    assert over(owner, small).of == "key"
    assert isinstance(hold(owner, large), Spend)
    assert over(owner, a_key(owner, label="Third", run=5)).kind == "run"


def test_what_the_key_refuses_is_not_counted_for_the_team() -> None:
    owner = team(day=1000)
    over(owner, a_key(owner, day=10))
    assert day_of(owner) == 0
    assert Spend.objects.count() == 0


def test_a_refusal_says_what_is_left_until_when_and_who_may_go_on() -> None:
    owner = team(day=50)
    held(owner)
    refusal = over(owner, credits=Decimal("40"))
    assert refusal.left == 30
    assert refusal.resets_at == datetime(2026, 5, 12, tzinfo=UTC)
    assert refusal.who == ("Alice", "Ada")
    assert "30" in refusal.sentence
    assert "00:00 UTC" in refusal.sentence


def test_an_operation_that_costs_nothing_holds_nothing() -> None:
    assert hold(team(day=0, run=0), operation="credits.retrieve", credits=0) is None
    assert Spend.objects.count() == SpendDay.objects.count() == 0


def test_a_team_without_ceilings_is_counted_and_never_stopped() -> None:
    owner = team()
    held(owner, credits=9_000_000)
    assert day_of(owner) == 9_000_000


def test_a_ceiling_of_zero_stops_every_run() -> None:
    assert over(team(day=0), credits=1).left == 0


def test_an_estimate_that_is_not_known_counts_as_the_dearest_model() -> None:
    refusal = over(team(run=100), credits=None)
    assert refusal.counted.credits == 175
    assert "not known" in refusal.counted.sentence
    assert held(team(run=100), credits=None, operation="chat.create").credits == 4


@pytest.mark.parametrize("wrong", ["-1", "NaN", "Infinity", "-Infinity", "1e30", "-0.001"])
def test_an_amount_that_is_none_is_refused_and_counts_nothing(wrong: str) -> None:
    owner = team(day=100)
    with pytest.raises(Invalid):
        hold(owner, credits=Decimal(wrong))
    assert day_of(owner) == 0


def test_a_key_of_another_team_is_not_found() -> None:
    with pytest.raises(NotFound):
        hold(team(), a_key(zenith()))


def test_the_same_request_with_the_same_idempotency_key_is_held_once() -> None:
    owner = team(day=100)
    first = held(owner, idempotency="once", body="b")
    again = held(owner, idempotency="once", body="b")
    assert again.pk == first.pk
    assert again.again
    assert day_of(owner) == 20


def test_another_body_under_the_same_idempotency_key_is_another_run() -> None:
    owner = team(day=100)
    held(owner, idempotency="once", body="b")
    held(owner, idempotency="once", body="c")
    held(owner, a_key(owner), idempotency="once", body="b")
    assert day_of(owner) == 60


def test_a_replay_passes_although_the_ceiling_is_reached() -> None:
    owner = team(day=20)
    held(owner, idempotency="once", body="b")
    assert isinstance(hold(owner, idempotency="once", body="b"), Spend)
    assert isinstance(hold(owner, idempotency="twice", body="b"), OverCeiling)


def test_a_replay_that_is_refused_keeps_the_first_hold() -> None:
    owner = team()
    spend.settle(held(owner, idempotency="once", body="b"), outcome=answers.lost(), now=NOON)
    again = held(owner, idempotency="once", body="b")
    spend.settle(again, outcome=answers.refused(401), now=NOON)
    assert day_of(owner) == 20


def test_what_the_api_refused_may_be_tried_again_under_the_same_idempotency_key() -> None:
    owner = team(day=20)
    first = held(owner, idempotency="once", body="b")
    spend.settle(first, outcome=answers.refused(429), now=NOON)
    assert day_of(owner) == 0
    second = held(owner, idempotency="once", body="b")
    assert told(second.pk, second.state, day_of(owner)) == (first.pk, "held", 20)
    spend.settle(second, outcome=answers.refused(429), now=NOON)
    assert day_of(owner) == 0


def test_a_second_job_under_one_idempotency_key_is_a_second_spend() -> None:
    owner = team()
    spend.settle(held(owner, idempotency="k", body="b"), outcome=answers.job("t1"), now=NOON)
    again = held(owner, idempotency="k", body="b")
    spend.settle(again, outcome=answers.job("t1"), now=NOON)
    assert day_of(owner) == 20
    spend.settle(again, outcome=answers.job("t2", reserved=7), now=NOON)
    assert day_of(owner) == 27
    assert sorted(Spend.objects.values_list("made", flat=True)) == ["t1", "t2"]


def test_one_request_on_two_days_that_made_one_job_is_counted_once() -> None:
    owner = team()
    late, early = NOON.replace(hour=23, minute=59), NOON + timedelta(days=1)
    first = held(owner, idempotency="k", body="b", now=late)
    spend.settle(first, outcome=answers.job("t1"), now=late)
    second = held(owner, idempotency="k", body="b", now=early)
    spend.settle(second, outcome=answers.job("t1"), now=early)
    assert told(day_of(owner, now=late), day_of(owner, now=early)) == (20, 0)


def test_a_hold_belongs_to_the_day_on_which_it_was_made() -> None:
    owner = team(day=20)
    late, early = NOON.replace(hour=23, minute=59), NOON + timedelta(days=1)
    found = held(owner, now=late)
    assert isinstance(hold(owner, now=early), Spend)
    spend.settle(found, outcome=answers.job(status="succeeded", final=5), now=early)
    assert told(day_of(owner, now=late), day_of(owner, now=early)) == (5, 20)


def test_the_reservation_that_the_api_states_replaces_the_estimate() -> None:
    owner = team(day=25)
    key = a_key(owner)
    found = spend.settle(held(owner, key), outcome=answers.job(reserved=24), now=NOON)
    assert found is not None
    assert told(found.state, found.credits, found.made) == ("reserved", 24, "task_1")
    assert day_of(owner) == day_of(owner, key) == 24


def test_what_the_api_charged_counts_above_the_ceiling_too() -> None:
    owner = team(day=25)
    spend.settle(held(owner), outcome=answers.job(reserved=40), now=NOON)
    assert day_of(owner) == 40
    assert over(owner, credits=1).left == 0


def test_a_refund_lowers_the_day() -> None:
    owner = team()
    key = a_key(owner)
    spend.settle(held(owner, key), outcome=answers.job(), now=NOON)
    failed = answers.job(status="failed", final=0)
    found = spend.settle_made(owner, made="task_1", outcome=failed, now=NOON)
    assert found is not None
    assert told(found.state, found.credits) == ("final", 0)
    assert day_of(owner) == day_of(owner, key) == 0


def test_the_final_credits_of_a_job_that_still_runs_are_no_fact() -> None:
    owner = team()
    spend.settle(held(owner), outcome=answers.job(status="processing", final=0), now=NOON)
    assert day_of(owner) == 20


def test_final_credits_that_are_not_stated_stay_not_stated() -> None:
    owner = team()
    found = spend.settle(held(owner), outcome=answers.job(status="succeeded", final=None), now=NOON)
    assert found is not None
    assert told(found.state, found.credits) == ("reserved", 20)


def test_a_late_answer_of_the_beginning_does_not_undo_the_end() -> None:
    owner = team()
    found = held(owner)
    spend.settle(found, outcome=answers.job(status="succeeded", final=8), now=NOON)
    spend.settle(found, outcome=answers.job(status="queued"), now=NOON)
    assert day_of(owner) == 8


def test_a_chat_turn_is_settled_by_its_credits() -> None:
    owner = team()
    found = spend.settle(held(owner, credits=3), outcome=answers.turn(), now=NOON)
    assert found is not None
    assert told(found.state, found.credits) == ("final", 2)


def test_a_streamed_turn_is_settled_by_its_last_frame_even_when_it_was_cut_after_it() -> None:
    owner = team()
    said = {"id": "c", "credits": {"reserved": 3, "final": 2}}
    cut = answers.lost(FailureKind.BROKEN)
    found = spend.settle(held(owner, credits=3), outcome=cut, said=said, now=NOON)
    assert found is not None
    assert told(found.state, found.credits) == ("final", 2)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 429])
def test_a_refusal_gives_the_credits_back(status: int) -> None:
    owner = team()
    found = spend.settle(held(owner), outcome=answers.refused(status), now=NOON)
    assert found is not None
    assert told(found.state, day_of(owner)) == ("released", 0)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_an_answer_that_says_nothing_sure_keeps_the_hold(status: int) -> None:
    owner = team()
    spend.settle(held(owner), outcome=answers.refused(status), now=NOON)
    assert day_of(owner) == 20


@pytest.mark.parametrize(
    ("kind", "detail", "kept"),
    [
        (FailureKind.TIMED_OUT, MAYBE_HANDLED, True),
        (FailureKind.BROKEN, "", True),
        (FailureKind.NOT_JSON, "", True),
        (FailureKind.TOO_LARGE, "", True),
        (FailureKind.UNREACHABLE, f"It hung up. {MAYBE_HANDLED}", True),
        (FailureKind.UNREACHABLE, "No connection: refused.", False),
        (FailureKind.TLS, "", False),
        (FailureKind.NOT_SENT, "", False),
    ],
)
def test_a_lost_answer_keeps_the_hold_unless_nothing_was_sent(
    kind: FailureKind, detail: str, kept: bool
) -> None:
    owner = team()
    spend.settle(held(owner), outcome=answers.lost(kind, detail=detail), now=NOON)
    assert day_of(owner) == (20 if kept else 0)


@pytest.mark.parametrize("said", [None, True, "20", -1, float("nan"), float("inf"), 10**30, [], {}])
def test_a_number_of_the_api_that_is_no_amount_is_not_counted(said: object) -> None:
    owner = team()
    value = {"id": "t", "status": "succeeded", "reserved_credits": said, "final_credits": said}
    spend.settle(held(owner), outcome=answers.answered(value), now=NOON)
    assert day_of(owner) == 20


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_an_answer_that_is_no_object_keeps_the_hold(value: object) -> None:
    owner = team()
    spend.settle(held(owner), outcome=answers.answered(value), now=NOON)
    assert day_of(owner) == 20


def test_a_mock_answer_settles_nothing() -> None:
    owner = team()
    found = held(owner)
    mock = answers.answered({"id": "t", "status": "failed", "final_credits": 0}, mode=Mode.MOCK)
    spend.settle(found, outcome=mock, now=NOON)
    spend.settle(found, outcome=answers.job("t"), now=NOON)
    spend.settle_made(owner, made="t", outcome=mock, now=NOON)
    assert day_of(owner) == 20


def test_a_look_at_a_job_of_another_team_or_another_job_settles_nothing() -> None:
    owner = team()
    spend.settle(held(owner), outcome=answers.job("t"), now=NOON)
    done = answers.job("t", status="succeeded", final=1)
    assert spend.settle_made(zenith(), made="t", outcome=done, now=NOON) is None
    assert spend.settle_made(owner, made="u", outcome=done, now=NOON) is None
    assert day_of(owner) == 20


def test_a_hold_that_was_never_sent_is_released_once() -> None:
    owner = team()
    found = held(owner)
    spend.release(found, now=NOON)
    spend.release(found, now=NOON)
    assert day_of(owner) == 0


def test_releasing_gives_nothing_back_of_what_the_api_reserved() -> None:
    owner = team()
    found = held(owner)
    spend.settle(found, outcome=answers.job(), now=NOON)
    spend.release(found, now=NOON)
    assert day_of(owner) == 20


def test_an_admin_may_run_above_every_ceiling_and_it_is_written_down() -> None:
    owner = team(run=10, day=15)
    found = held(owner, a_key(owner, run=1), name="Ada", override=True)
    assert found.overridden_by == person("Ada").pk
    assert day_of(owner) == 20
    event = AuditEvent.objects.get(action="ceiling.overridden")
    assert (event.actor_name, event.object_label) == ("Ada", "Production")
    assert event.changed == {
        "run_ceiling": [10, "20"],
        "day_ceiling": [15, "20"],
        "key_run_ceiling": [1, "20"],
    }


def test_a_confirmation_that_was_not_needed_is_no_override() -> None:
    found = held(team(day=100), name="Ada", override=True)
    assert found.overridden_by is None
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["Bob", "Vera", "Charlie"])
def test_nobody_else_may_run_above_a_ceiling(name: str) -> None:
    owner = team(day=10)
    with pytest.raises(NotAllowed):
        hold(owner, name=name, override=True)
    assert day_of(owner) == 0


def test_the_confirmation_is_the_amount_of_this_run() -> None:
    refusal = over(team(run=1000), credits=Decimal("1480.5"))
    assert refusal.confirmation == "1480.5"
    confirms = [
        spend.confirms(typed, credits=refusal.counted.credits)
        for typed in ("1480.5", " 1,480.5 ", "1480", "", "yes")
    ]
    assert confirms == [True, True, False, False, False]


def test_a_lowered_ceiling_counts_for_the_next_run_of_a_page_that_was_open() -> None:
    owner = team(day=100)
    Team.objects.filter(pk=owner.pk).update(day_ceiling=10)
    assert isinstance(hold(owner), OverCeiling)


def test_what_is_left_is_the_smaller_of_both_ceilings() -> None:
    owner = team(run=50, day=100)
    key = a_key(owner, run=30, day=200)
    held(owner, key)
    found = spend.left(owner, key, now=NOON)
    assert told(found.run, found.today) == (30, 80)
    assert told(found.team_spent, found.key_spent) == (20, 20)
    assert spend.left(owner, None, now=NOON).today == 80
    assert spend.left(team(), None, now=NOON).today is None


def test_what_is_left_is_never_negative() -> None:
    owner = team(day=100)
    held(owner)
    Team.objects.filter(pk=owner.pk).update(day_ceiling=5)
    owner.refresh_from_db()
    assert spend.left(owner, None, now=NOON).today == 0


def test_an_idempotency_key_that_the_api_forgot_does_not_lead_past_the_ceiling() -> None:
    owner = team(day=50)
    spend.settle(held(owner, idempotency="k", body="b"), outcome=answers.job("t1"), now=NOON)
    again = held(owner, idempotency="k", body="b")
    spend.settle(again, outcome=answers.job("t2"), now=NOON)
    assert day_of(owner) == 40
    assert isinstance(hold(owner, idempotency="k", body="b"), OverCeiling)
