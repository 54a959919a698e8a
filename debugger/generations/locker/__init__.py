"""The locker: copies of results, so that they outlive the upstream's own.

expecting  which addresses a result names, as rows that wait
expiry     how long an address says that it works
saving     claims what waits, copies it, and writes down what came of it
fetching   the one way in: the guard for live results, the sandbox for mock ones
kinds      what a file is and how large its picture is, by its bytes
disk       the folder: drafts, places, one lock per team
room       a team's space, and which copies go first
sweeping   what goes when its time is over
showing    what a page may say about a result's files
"""

from __future__ import annotations

from debugger.generations.locker.expecting import again, expect, urls_of
from debugger.generations.locker.saving import save_due
from debugger.generations.locker.showing import FileView, files_of, files_of_many
from debugger.generations.locker.sweeping import sweep

__all__ = [
    "FileView",
    "again",
    "expect",
    "files_of",
    "files_of_many",
    "save_due",
    "sweep",
    "urls_of",
]
