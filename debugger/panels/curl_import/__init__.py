"""A pasted curl command, read into a draft: never run, no file opened, nothing fetched.

    found = curl_import.read(command, own_hosts=("rivya.ai",))

Keys are taken out before anything else looks at the command's values, and kept nowhere.
"""

from __future__ import annotations

from debugger.panels.curl_import.reading import Imported, read
from debugger.panels.curl_import.values import Dropped

__all__ = ["Dropped", "Imported", "read"]
