"""How the site is run, read from top to bottom.

Every environment variable of the product appears in this file and nowhere else.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from rivya_dash.database import cache_from_url, from_url, sqlite

BASE_DIR = Path(__file__).resolve().parent.parent


def _words(name: str, default: str = "") -> list[str]:
    """The comma-separated words of an environment variable."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def _flag(name: str) -> bool:
    """Whether an environment variable says yes."""
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _number(name: str, default: int) -> int:
    """The whole number of an environment variable, 0 or more."""
    given = os.environ.get(name, "").strip() or str(default)
    if not (given.isascii() and given.isdigit()):
        raise ValueError(f"{name} is {given!r}; it must be a whole number, 0 or more")
    return int(given)


def _secret(name: str) -> str:
    """A secret from the environment, or from the file that NAME_FILE names; "" without either."""
    if given := os.environ.get(name):
        return given
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else ""


# -- Where things are kept -----------------------------------------------------------------------

# Everything that `rivya-dash up` writes: the database, secrets, the broker, collected files.
RIVYA_DASH_DATA = Path(os.environ.get("RIVYA_DASH_DATA") or "data").resolve()

_database_url = os.environ.get("DATABASE_URL")
DATABASES = {
    "default": from_url(_database_url)
    if _database_url
    else sqlite(RIVYA_DASH_DATA / "rivya-dash.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# -- Secrets -------------------------------------------------------------------------------------

SECRET_KEY_FILE = Path(
    os.environ.get("RIVYA_DASH_SECRET_KEY_FILE") or RIVYA_DASH_DATA / "secret-key"
)


def _secret_key() -> str:
    """The key from the environment or its file, or "" when there is none."""
    if given := os.environ.get("RIVYA_DASH_SECRET_KEY"):
        return given
    try:
        return SECRET_KEY_FILE.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


# Commands that need no lasting key (check, makemigrations) run with one that lives as long as the
# process. The server refuses to start with it: see asgi.py.
SECRET_KEY = _secret_key()
SECRET_KEY_IS_TEMPORARY = not SECRET_KEY
SECRET_KEY = SECRET_KEY or secrets.token_urlsafe(64)


# What seals the keys of teams: "name:base64 of 32 bytes", separated by commas or line breaks. The
# first wraps what is new, all of them open what is old. See keys/vault/master.py.
MASTER_KEYS_FILE = Path(
    os.environ.get("RIVYA_DASH_MASTER_KEYS_FILE") or RIVYA_DASH_DATA / "master-keys"
)


def _master_keys() -> tuple[str, str]:
    """The keys from the environment or their file, and why that file cannot be read.

    Both are "" where there is none.
    """
    if given := os.environ.get("RIVYA_DASH_MASTER_KEYS", "").strip():
        return given, ""
    try:
        return MASTER_KEYS_FILE.read_text(encoding="utf-8").strip(), ""
    except (FileNotFoundError, NotADirectoryError):
        return "", ""
    except OSError as error:
        return "", f"The file {MASTER_KEYS_FILE} cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        return "", f"The file {MASTER_KEYS_FILE} is not text."


# A site that cannot read its keys still starts: a check says so, and pages do.
RIVYA_DASH_MASTER_KEYS, MASTER_KEYS_TROUBLE = _master_keys()
# Unwrapped data keys of teams that a process may hold, and for how long. 0 holds none.
RIVYA_DASH_DATA_KEYS_KEPT = 1_000
RIVYA_DASH_DATA_KEY_SECONDS = 60.0


# -- Who may ask ---------------------------------------------------------------------------------

DEBUG = _flag("RIVYA_DASH_DEBUG")

# Where browsers find this site, as "https://dash.example.com". Names here are allowed hosts too.
RIVYA_DASH_ORIGINS = _words("RIVYA_DASH_ORIGINS", "http://127.0.0.1:8000,http://localhost:8000")
ALLOWED_HOSTS = sorted(
    {urlsplit(origin).hostname or "" for origin in RIVYA_DASH_ORIGINS} - {""}
    | set(_words("RIVYA_DASH_ALLOWED_HOSTS"))
)
CSRF_TRUSTED_ORIGINS = RIVYA_DASH_ORIGINS

# Plain http is for loopback, where `rivya-dash up` serves. One https origin means that a proxy
# ends TLS in front of this site, and then nothing may travel without it.
HTTPS = not DEBUG and all(origin.startswith("https://") for origin in RIVYA_DASH_ORIGINS)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "rivya_dash_session"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # The page's own meta element hands the token to htmx.
CSRF_COOKIE_SAMESITE = "Lax"  # Strict would change it under open pages when a link is followed.
CSRF_COOKIE_NAME = "rivya_dash_csrf"
LANGUAGE_COOKIE_NAME = "rivya_dash_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# Our own middleware sends X-Frame-Options together with the policy that replaced it.
SILENCED_SYSTEM_CHECKS = ["security.W002"]

AUTH_USER_MODEL = "debugger.User"
AUTH_PASSWORD_VALIDATORS: list[dict[str, object]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {"user_attributes": ("email", "name")}),
        ("MinimumLengthValidator", {"min_length": 10}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]


# -- Accounts ------------------------------------------------------------------------------------

# Who may make an account: "open" for everybody, "invited" for who follows a team's invitation. The
# very first person may always, since nobody could invite them.
RIVYA_DASH_SIGN_UP = os.environ.get("RIVYA_DASH_SIGN_UP") or "open"
if RIVYA_DASH_SIGN_UP not in {"open", "invited"}:
    raise ValueError('RIVYA_DASH_SIGN_UP is "open" or "invited"')
# Whether the first person's address counts as theirs without a mail. `rivya-dash up` says so on
# loopback hosts, where who can open the page can read the data folder as well.
RIVYA_DASH_FIRST_PERSON_IS_TRUSTED = _flag("RIVYA_DASH_FIRST_PERSON_IS_TRUSTED")

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/teams/"  # Only where home_of knows nothing better.
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 14 * 24 * 3600  # For who asked to stay signed in; else until the browser ends.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose a person who comes back from single sign-on.
PASSWORD_RESET_TIMEOUT = 3600

ACCOUNT_ADAPTER = "debugger.teams.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "debugger.teams.accounts.forms.SignInForm",
    "signup": "debugger.teams.accounts.forms.SignUpForm",
    "add_email": "debugger.teams.accounts.forms.AddressForm",
    "change_password": "debugger.teams.accounts.forms.NewPasswordForm",
    "set_password": "debugger.teams.accounts.forms.FirstPasswordForm",
    "reset_password_from_key": "debugger.teams.accounts.forms.ForgottenPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# A code is typed into the page that asked for it. A link would also work for who stole the mail,
# and in a browser that knows nothing of the sign-up.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# allauth offers another address only to who is new, which tells a stranger who has an account.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # Our subjects name the site themselves.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# Behind a proxy uvicorn puts the client's address where it belongs (--forwarded-allow-ips), so
# nothing here reads a header that anybody can send.
ALLAUTH_TRUSTED_PROXY_COUNT = 0

MFA_ADAPTER = "debugger.keys.second_factors.SealedFactorsAdapter"
MFA_FORMS = {
    "activate_totp": "debugger.teams.accounts.factors.NewAppForm",
    "authenticate": "debugger.teams.accounts.factors.CodeStepForm",
    "reauthenticate": "debugger.teams.accounts.factors.CodeAgainForm",
    "login_webauthn": "debugger.teams.accounts.forms.PasskeySignInForm",
    "authenticate_webauthn": "debugger.teams.accounts.forms.PasskeyStepForm",
    "reauthenticate_webauthn": "debugger.teams.accounts.forms.PasskeyAgainForm",
    "add_webauthn": "debugger.teams.accounts.forms.NewPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# True would accept every origin. Without it https is asked for, and http://localhost is fine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "rivya-dash"
MFA_TOTP_TOLERANCE = 1  # Clocks of telephones are off by seconds; a code is taken once only.

USERSESSIONS_ADAPTER = "debugger.teams.accounts.adapters.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = True

# Single sign-on with one OpenID Connect provider, found by its address alone.
RIVYA_DASH_OIDC_ISSUER = os.environ.get("RIVYA_DASH_OIDC_ISSUER", "").rstrip("/")
SOCIALACCOUNT_ADAPTER = "debugger.teams.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, object]] = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": os.environ.get("RIVYA_DASH_OIDC_NAME") or _("single sign-on"),
                "client_id": os.environ.get("RIVYA_DASH_OIDC_CLIENT_ID", ""),
                "secret": _secret("RIVYA_DASH_OIDC_CLIENT_SECRET"),
                "settings": {"server_url": RIVYA_DASH_OIDC_ISSUER},
            }
        ]
        if RIVYA_DASH_OIDC_ISSUER
        else [],
    }
}


# -- E-mail --------------------------------------------------------------------------------------

EMAIL_HOST = os.environ.get("RIVYA_DASH_EMAIL_HOST", "")
_email_tls = os.environ.get("RIVYA_DASH_EMAIL_TLS", "").strip().lower() or "starttls"
if _email_tls not in {"starttls", "ssl", "no"}:
    raise ValueError('RIVYA_DASH_EMAIL_TLS is "starttls", "ssl" or "no"')
EMAIL_USE_TLS = _email_tls == "starttls"
EMAIL_USE_SSL = _email_tls == "ssl"
EMAIL_PORT = int(os.environ.get("RIVYA_DASH_EMAIL_PORT") or (465 if EMAIL_USE_SSL else 587))
EMAIL_HOST_USER = os.environ.get("RIVYA_DASH_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = _secret("RIVYA_DASH_EMAIL_PASSWORD")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("RIVYA_DASH_EMAIL_FROM") or "rivya-dash <rivya-dash@localhost>"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where mails become files while there is no mail server; `rivya-dash up` sets it.
RIVYA_DASH_EMAIL_FOLDER = os.environ.get("RIVYA_DASH_EMAIL_FOLDER", "")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "rivya_dash.mail.Files"
    if RIVYA_DASH_EMAIL_FOLDER
    else "django.core.mail.backends.console.EmailBackend"
)


# -- The Rivya API -------------------------------------------------------------------------------

# What live mode calls. `rivya-dash up` puts its emulator here unless something else was configured.
RIVYA_BASE_URL = (os.environ.get("RIVYA_BASE_URL") or "https://rivya.ai").rstrip("/")
# Further addresses that a stored key may be bound to, such as a second stand-in. A key is only ever
# sent to the address that it was stored for, and only while that address stands here.
RIVYA_DASH_MORE_BASE_URLS = [url.rstrip("/") for url in _words("RIVYA_DASH_MORE_BASE_URLS")]
# Whether somebody without an account may run live with a key that is pasted for one request.
RIVYA_DASH_VISITORS_MAY_PASTE_KEYS = _flag("RIVYA_DASH_VISITORS_MAY_PASTE_KEYS")
# Where the local stand-in answers over HTTP, for its own page and for curl; "" where none runs.
RIVYA_DASH_SANDBOX_BASE = os.environ.get("RIVYA_DASH_SANDBOX_BASE", "").rstrip("/")


# -- How a request is handled --------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "debugger.apps.DebuggerConfig",  # Before allauth: our templates stand in for its own.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [
    "debugger.web.middleware.request_id",
    "debugger.web.middleware.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "debugger.web.assets.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    # In place of allauth's own, which writes a row at every request and holds a thread meanwhile.
    "debugger.teams.accounts.sessions.track",
    "django_htmx.middleware.HtmxMiddleware",
    "debugger.web.middleware.ServiceErrors",
]
ROOT_URLCONF = "rivya_dash.urls"
ASGI_APPLICATION = "rivya_dash.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "debugger.web.context.site",
                "debugger.teams.context.teams",
            ],
            # Rooms are no apps of their own, so Django does not look for tags in them.
            "libraries": {
                "dash": "debugger.web.templatetags.dash",
                "live": "debugger.keys.live.tags",
                "teams": "debugger.teams.tags",
                "accounts": "debugger.teams.accounts.tags",
                "generations": "debugger.generations.tags",
                "hub": "debugger.hub.tags",
            },
        },
    }
]
CSRF_FAILURE_VIEW = "debugger.web.errors.csrf_failure"
DEFAULT_EXCEPTION_REPORTER = "debugger.web.reports.RedactedReport"
DEFAULT_EXCEPTION_REPORTER_FILTER = "debugger.web.reports.SecretsFilter"

# A file may have 100 MiB; the rest is room for the form around it. Files beyond a megabyte go to
# temporary files, so an upload is never held in memory.
# Text is parsed, coloured and written as snippets at every pause in typing; the API takes less.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
RIVYA_DASH_MAX_REQUEST_BYTES = 110 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000


# -- Limits --------------------------------------------------------------------------------------

# Where counters are kept that several requests share: this process's memory, or Redis, which is
# needed as soon as more than one web process serves the site.
RIVYA_DASH_CACHE_URL = os.environ.get("RIVYA_DASH_CACHE_URL", "")
CACHES = {"default": cache_from_url(RIVYA_DASH_CACHE_URL)}
# For each person, or each address of visitors; 0 for no limit. An office shares one address.
RIVYA_DASH_RUNS_PER_MINUTE = _number("RIVYA_DASH_RUNS_PER_MINUTE", 120)
RIVYA_DASH_SANDBOXES_PER_HOUR = _number("RIVYA_DASH_SANDBOXES_PER_HOUR", 60)
# How many teams a person makes, and how many invitations one sends, in an hour; 0 for no limit.
RIVYA_DASH_TEAMS_PER_HOUR = _number("RIVYA_DASH_TEAMS_PER_HOUR", 20)
RIVYA_DASH_INVITATIONS_PER_HOUR = _number("RIVYA_DASH_INVITATIONS_PER_HOUR", 60)


# -- Generations and results ---------------------------------------------------------------------

# How many looks at jobs one worker process has open at each base address at once, and how many it
# begins there in a second; 0 for no limit.
RIVYA_DASH_POLLS_AT_ONCE = _number("RIVYA_DASH_POLLS_AT_ONCE", 100)
RIVYA_DASH_POLLS_PER_SECOND = _number("RIVYA_DASH_POLLS_PER_SECOND", 500)
# Where copies of results are kept, the largest file that is copied, and what one team may keep
# before its oldest copies go; sizes are MiB.
RIVYA_DASH_LOCKER = Path(os.environ.get("RIVYA_DASH_LOCKER") or RIVYA_DASH_DATA / "locker")
RIVYA_DASH_LOCKER_FILE_MIB = _number("RIVYA_DASH_LOCKER_FILE_MIB", 200)
RIVYA_DASH_LOCKER_TEAM_MIB = _number("RIVYA_DASH_LOCKER_TEAM_MIB", 5_000)
# What is kept of one body, in KiB; its whole size is always noted.
RIVYA_DASH_HISTORY_BODY_KIB = _number("RIVYA_DASH_HISTORY_BODY_KIB", 512)


# -- Languages -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Hindi and Korean join when their catalogues are there: a page must not claim a language that it
# does not speak.
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True


# -- Static files --------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = RIVYA_DASH_DATA / "static"
# Hashed and compressed once they were collected; straight from the source before that.
STATIC_COLLECTED = not DEBUG and (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "debugger.web.storage.CollectedFiles"},
}
WHITENOISE_USE_FINDERS = not STATIC_COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False


# -- Background work -----------------------------------------------------------------------------

_broker = RIVYA_DASH_DATA / "broker"
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "folder://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "data_folder_in": str(_broker),
        "data_folder_out": str(_broker),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.05,
    }
    if CELERY_BROKER_URL.startswith("folder:")
    # Redis gives back what a dead worker held after the visibility timeout, and looks as often as
    # this says; with its own defaults that takes minutes.
    else {"visibility_timeout": 300, "unacked_restore_interval": 5}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True  # Rows are the truth; doing a task twice is safe, losing it is not.
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_TIMER_PRECISION = 0.2  # How long a worker that is told to stop may sleep on.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep the sandbox": {"task": "debugger.sandbox.sweep", "schedule": 3600.0},
    "sweep sessions": {"task": "debugger.teams.sweep_sessions", "schedule": 24 * 3600.0},
    "shred keys whose time is over": {"task": "debugger.keys.shred_due", "schedule": 60.0},
    "note runs that were never settled": {"task": "debugger.keys.note_lost", "schedule": 3600.0},
    # Hints, not work: rows say what is due, so a hint that comes late may be dropped.
    "follow generations": {
        "task": "debugger.generations.follow",
        "schedule": 1.0,
        "options": {"expires": 5.0},
    },
    "take up paused generations": {
        "task": "debugger.generations.take_up",
        "schedule": 10.0,
        "options": {"expires": 30.0},
    },
    "save results": {
        "task": "debugger.generations.save_results",
        "schedule": 2.0,
        "options": {"expires": 10.0},
    },
    "delete results whose time is over": {
        "task": "debugger.generations.sweep",
        "schedule": 3600.0,
    },
    "delete runs whose time is over": {"task": "debugger.exchanges.sweep", "schedule": 3600.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(RIVYA_DASH_DATA / "beat-schedule")


# -- Logs ----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "debugger.web.logs.RedactingFormatter",
            "format": "{levelname} {name} [{request_id}] {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # A line for each request carries addresses and says little.
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "fido2": {"level": "WARNING"},  # It names the passkey at every sign-in.
        # One line for a task that fails; those that succeed are many.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},  # It says each hint that it sends.
    },
}
