"""What the process is told from outside; every value has a default, so `waya up` needs none.

Business choices are not here: they are `Policy` rows, typed by each context's `policy.py`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

SOURCE = Path(__file__).resolve().parent


def _home() -> Path:
    named = os.environ.get("WAYA_HOME")
    if named:
        return Path(named)
    return Path("/var/lib/waya") if os.geteuid() == 0 else Path.home() / ".local/share/waya"


WAYA_HOME = _home()
WAYA_LAB = os.environ.get("WAYA_LAB") == "1"


def _keys() -> list[str]:
    """Fernet keys, newest first: from the environment, else from the file beside the data."""
    named = os.environ.get("WAYA_KEY", "")
    path = WAYA_HOME / "key"
    if not named and os.access(path, os.R_OK):
        named = path.read_text()
    return named.split()


WAYA_KEYS = _keys()
SECRET_KEY = hashlib.sha256(("session:" + " ".join(WAYA_KEYS)).encode()).hexdigest()
DEBUG = os.environ.get("WAYA_DEBUG") == "1"
PUBLIC_URL = os.environ.get("WAYA_PUBLIC_URL", "http://127.0.0.1:8800").rstrip("/")
ALLOWED_HOSTS = [
    urlsplit(PUBLIC_URL).hostname or "localhost",
    *os.environ.get("WAYA_HOSTS", "localhost 127.0.0.1 [::1] testserver").split(),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *os.environ.get("WAYA_ORIGINS", "").split()]
# Whose X-Forwarded-For is believed. A lab's own router simulators are on loopback.
TRUSTED_PROXIES = os.environ.get("WAYA_PROXIES", "127.0.0.1" if WAYA_LAB else "").split()


def _database(url: str) -> dict[str, Any]:
    told = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": told.pop("dbname", "waya"),
        "USER": told.pop("user", ""),
        "PASSWORD": told.pop("password", ""),
        "HOST": told.pop("host", ""),
        "PORT": told.pop("port", ""),
        # Parsed and planned once for each connection: a payment asks fifty times, and half of
        # what PostgreSQL did for one was reading the same words again.
        "OPTIONS": told | {"server_side_binding": True, "prepare_threshold": 3},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }


DATABASES = {"default": _database(os.environ.get("DATABASE_URL", "postgresql:///waya"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "waya.org",
    "waya.ledger",
    "waya.messaging",
    "waya.parties",
    "waya.catalog",
    "waya.network",
    "waya.subscriptions",
    "waya.billing",
    "waya.payments",
    "waya.reports",
]
ROOT_URLCONF = "waya.urls"
REACTIONS = "waya.reactions"
WSGI_APPLICATION = "waya.cli.wsgi.application"
PROCRASTINATE_IMPORT_PATHS: list[str] = []

MIDDLEWARE = [
    # First, because a walled browser asks for hosts that everything below refuses.
    "waya.portal.walled.ForeignHost",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SOURCE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "waya.console.shell.shell",
            ],
        },
    }
]
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ACCOUNT_ADAPTER = "waya.console.sign_in.StaffAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
CSRF_FAILURE_VIEW = "waya.console.errors.stale"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("sw", "Kiswahili")]
LOCALE_PATHS = [SOURCE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [SOURCE / "static"]
STATIC_ROOT = WAYA_HOME / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 31_536_000 if not DEBUG else 0

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("WAYA_LOG", "WARNING")},
    "loggers": {"waya": {"level": os.environ.get("WAYA_LOG", "INFO")}},
}
