"""The broker in a folder: the default queue of `rivya-dash up`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.transport.virtual import BrokerState

from rivya_dash.broker import Transport, register


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    register()
    # kombu remembers for the whole process which queues it has bound, whatever the folder.
    monkeypatch.setattr(Transport, "global_state", BrokerState())
    (tmp_path / "control").mkdir()
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
        "polling_interval": 0.01,
    }
    with Connection("folder://localhost", transport_options=options) as connection:
        yield connection


def test_messages_come_out_in_the_order_they_went_in(connection: Any) -> None:
    queue = connection.SimpleQueue("errands")
    for number in range(20):
        queue.put({"number": number, "text": "안녕 नमस्ते"})
    received = [queue.get(timeout=5) for _ in range(20)]
    for message in received:
        message.ack()
    assert [message.payload["number"] for message in received] == list(range(20))
    assert received[0].payload["text"] == "안녕 नमस्ते"


def test_half_a_message_is_never_seen_by_a_worker(connection: Any, tmp_path: Path) -> None:
    queue = connection.SimpleQueue("errands")
    (tmp_path / "00000000000000000000_half.errands.msg.draft").write_text('{"body": "ha')
    queue.put({"whole": True})
    message = queue.get(timeout=5)
    message.ack()
    assert message.payload == {"whole": True}
    with pytest.raises(queue.Empty):
        queue.get(timeout=0.1)


def test_a_message_waits_on_disk_for_a_later_worker(connection: Any, tmp_path: Path) -> None:
    connection.SimpleQueue("errands").put({"later": True})
    waiting = [path.name for path in tmp_path.glob("*.msg")]
    assert len(waiting) == 1
    assert waiting[0].endswith(".errands.msg")
