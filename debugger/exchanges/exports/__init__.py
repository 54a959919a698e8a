"""Runs to take along: one as a command, as HAR or as JSON, many as JSON lines or as a table."""

from __future__ import annotations

from debugger.exchanges.exports.curl import command
from debugger.exchanges.exports.document import document
from debugger.exchanges.exports.har import har

__all__ = ["command", "document", "har"]
