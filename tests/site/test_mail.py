"""Mails as files: private, readable, and named in the log without what stands in them."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, get_connection

from tests.site.test_settings import read


def test_a_mail_becomes_a_file_for_its_owner_alone(
    tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.RIVYA_DASH_EMAIL_FOLDER = str(tmp_path / "mail")
    message = EmailMessage("Your code", "The code is ABCD-EFGH\n", to=["dora@example.com"])
    with caplog.at_level(logging.INFO):
        assert get_connection("rivya_dash.mail.Files").send_messages([message]) == 1
    (path,) = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "The code is ABCD-EFGH" in path.read_text(encoding="utf-8")
    assert str(path) in caplog.text
    assert "ABCD" not in caplog.text
    assert "dora" not in caplog.text + path.name


def test_without_a_mail_server_mails_go_to_the_console_and_with_one_through_it(
    tmp_path: Path,
) -> None:
    names = ["EMAIL_BACKEND", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_HOST_PASSWORD"]
    assert read("EMAIL_BACKEND", data=tmp_path)["EMAIL_BACKEND"].endswith("console.EmailBackend")
    secret = tmp_path / "secret"
    secret.write_text("from a file\n", encoding="utf-8")
    found = read(
        *names,
        data=tmp_path,
        RIVYA_DASH_EMAIL_HOST="mail.example.com",
        RIVYA_DASH_EMAIL_TLS="ssl",
        RIVYA_DASH_EMAIL_PASSWORD_FILE=str(secret),
    )
    assert list(found.values()) == [
        "django.core.mail.backends.smtp.EmailBackend",
        465,
        False,
        True,
        "from a file",
    ]
