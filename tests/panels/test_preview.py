from __future__ import annotations

import io
import json

import pytest

from debugger.client.api import Upload
from debugger.contract import operations
from debugger.contract.operations import Operation
from debugger.panels.draft import Draft, initial
from debugger.panels.preview import call_for, preview

BASE = "https://rivya.ai"
GENERATION = operations.get("generations.create")


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_every_operation_has_a_preview_before_anything_is_typed(operation: Operation) -> None:
    found = preview(operation, initial(operation), base_url=BASE, idempotency_key="key-1")
    first, host, *_rest = found.text.split("\n")
    assert first.startswith(f"{operation.method} /api/v1/")
    assert first.endswith(" HTTP/1.1")
    assert host == "Host: rivya.ai"
    assert ("Bearer $RIVYA_API_KEY" in found.text) is (operation.scope is not None)
    assert ("Idempotency-Key: key-1" in found.text) is operation.idempotency
    assert bool(found.trouble) is bool(operation.path_params)


def test_the_body_is_indented_for_reading() -> None:
    found = preview(GENERATION, Draft(body={"prompt": "नमस्ते"}), base_url=BASE)
    assert found.text.endswith('\n\n{\n  "prompt": "नमस्ते"\n}')
    assert found.prepared is not None
    assert json.loads(found.prepared.body or b"") == {"prompt": "नमस्ते"}


def test_an_example_stands_for_a_missing_id_and_is_called_one() -> None:
    operation = operations.get("generations.retrieve")
    found = preview(operation, initial(operation), base_url=BASE)
    assert "/generations/task_z_image_example" in found.text
    assert "taskId" in found.trouble
    given = preview(operation, Draft(path={"taskId": "a/../b"}), base_url=BASE)
    assert "/generations/a%2F..%2Fb HTTP" in given.text
    assert given.trouble == ""


def test_an_upload_shows_its_form_without_the_files_bytes() -> None:
    operation = operations.get("files.create")
    draft = Draft(body={"kind": "video", "model": "wan-2-6", "file": "clip.mp4"})
    found = preview(operation, draft, base_url=BASE)
    assert 'name="model"\n\nwan-2-6' in found.text
    assert 'filename="clip.mp4"\nContent-Type: video/mp4\n\n(the bytes of clip.mp4)' in found.text


def test_a_request_that_is_impossible_says_why() -> None:
    found = preview(GENERATION, Draft(headers={"X": "a\nb"}, body={}), base_url=BASE)
    assert found.text == ""
    assert found.prepared is None
    assert "line break" in found.trouble


def test_a_text_that_does_not_parse_is_shown_and_sent_as_it_is() -> None:
    draft = Draft(body={"a": 1}, text='{"a": ')
    assert preview(GENERATION, draft, base_url=BASE).text.endswith('\n\n{"a": ')
    assert call_for(GENERATION, draft).raw_body == b'{"a": '


def test_a_key_comes_from_the_key_field_alone() -> None:
    draft = Draft(headers={"Authorization": "Bearer of-mine", "X-Api-Key": "of-mine"}, body={})
    assert "of-mine" not in preview(GENERATION, draft, base_url=BASE).text
    call = call_for(GENERATION, draft, key="given")
    assert (call.key, dict(call.headers)) == ("given", {})


def test_a_typed_idempotency_header_wins_over_the_automatic_key() -> None:
    draft = Draft(headers={"idempotency-key": "mine"}, body={})
    assert dict(call_for(GENERATION, draft, idempotency_key="auto").headers) == {
        "idempotency-key": "mine"
    }
    credits = operations.get("credits.retrieve")
    assert dict(call_for(credits, Draft(), idempotency_key="auto").headers) == {}


def test_the_uploads_fields_come_from_the_draft_and_its_bytes_from_the_caller() -> None:
    operation = operations.get("files.create")
    given = Upload(filename="a.png", content_type="image/png", file=io.BytesIO(b"x"), size=1)
    draft = Draft(body={"kind": "image", "file": "a.png", "n": 5})
    call = call_for(operation, draft, upload=given)
    assert call.upload is not None
    assert call.upload.fields == {"kind": "image", "n": "5"}
    assert call.upload.file is given.file
    assert call.body is None
