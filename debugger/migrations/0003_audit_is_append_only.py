"""Nobody changes or removes an entry of the audit log, whoever holds the connection."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from debugger.teams import append_only


def put_up(apps: Any, schema_editor: Any) -> None:
    append_only.put_up(schema_editor.connection)


def take_down(apps: Any, schema_editor: Any) -> None:
    append_only.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("debugger", "0002_teams_and_keys")]
    operations = [migrations.RunPython(put_up, take_down)]
