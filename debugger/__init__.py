"""The app: one Django app, one migration history, one room per feature.

A room imports only what stands before it (tests/site/test_import_direction.py enforces it):

contract   what the Rivya API is: operations, schemas, models, errors, streams, signatures
emulator   behaves like Rivya, or misbehaves on request; in process and over HTTP
client     the only opener of connections; mock and live differ in its transport
web        what every screen shares
sandbox    rows behind the emulator's store: a throw-away account per visitor
teams      people, teams and what they may do, invitations, the audit log
keys       encrypted keys: vault (the only crypto), use, rotate, revoke, ceilings
exchanges  what a team ran: history, search, compare, errors, export
generations  jobs followed to their end: polling, timeline, money, results kept
panels     a form for every operation: form, JSON, snippets, curl import, run
hub        landing page, account strip, documentation
"""
