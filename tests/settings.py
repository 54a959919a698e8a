"""The site's settings with a data folder of their own, so that no test sees or harms real data."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Only the database and the broker may be chosen from outside: service tests run on real ones.
for _name in [name for name in os.environ if name.startswith("RIVYA_")]:
    if not _name.startswith("RIVYA_DASH_REQUIRE"):
        del os.environ[_name]
_data = Path(tempfile.mkdtemp(prefix="rivya-dash-tests-"))
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["RIVYA_DASH_DATA"] = str(_data)
os.environ["RIVYA_DASH_SECRET_KEY"] = "only-for-tests-" + "0123456789" * 5

from rivya_dash.settings import *  # noqa: E402, F403  # The environment must be ready first.
from rivya_dash.settings import CELERY_BROKER_URL, DATABASES  # noqa: E402

# A file, not memory: threads of one test must be able to wait for each other's transactions.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(_data / "test.sqlite3")}
(_data / "static").mkdir()  # Empty: tests take static files from where they are written.
if CELERY_BROKER_URL.startswith("folder:"):
    (_data / "broker" / "control").mkdir(parents=True)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# 32 bytes that nobody uses elsewhere: tests/settings.py is no place for a secret.
RIVYA_DASH_MASTER_KEYS = "tests:" + "A" * 43 + "="
RIVYA_DASH_VISITORS_MAY_PASTE_KEYS = True
# All tests come from one address. Those about limits set their own.
RIVYA_DASH_RUNS_PER_MINUTE = RIVYA_DASH_SANDBOXES_PER_HOUR = 0
RIVYA_DASH_TEAMS_PER_HOUR = RIVYA_DASH_INVITATIONS_PER_HOUR = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
