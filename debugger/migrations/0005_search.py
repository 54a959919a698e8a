"""The words of the history can be searched."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from debugger.exchanges import search


def put_up(apps: Any, schema_editor: Any) -> None:
    search.put_up(schema_editor.connection)


def take_down(apps: Any, schema_editor: Any) -> None:
    search.take_down(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("debugger", "0004_history_and_generations")]
    operations = [migrations.RunPython(put_up, take_down)]
