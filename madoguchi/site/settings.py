"""Django settings of one municipality's node.

Everything that differs between two city halls comes from the environment or from ``cities/<city>/``;
this file holds what is the same everywhere. ``docs/operating.md`` lists every variable.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import django.conf.locale
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from madoguchi.site.pooled import Connection

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("MADOGUCHI_VAR", ROOT / "var")).resolve()
CATALOGUE = Path(os.environ.get("MADOGUCHI_CATALOGUE", ROOT / "catalogue")).resolve()
CITY = Path(os.environ.get("MADOGUCHI_CITY", ROOT / "cities" / "daito")).resolve()
BASE_URL = os.environ.get("MADOGUCHI_BASE_URL", "http://localhost:8000").rstrip("/")
#: The demo shows 見本データ on every page and opens its accounts; a real node leaves it off.
DEMO = os.environ.get("MADOGUCHI_DEMO", "") == "1"
#: Which faces this node serves: ``web`` in the public zone, ``desk`` behind LGWAN, ``feeds`` (API, open data) for both.
FACES = os.environ.get("MADOGUCHI_FACES", "web,desk,feeds").split(",")


def _kept_secret(name: str) -> str:
    """A random secret that is made once, kept under ``var/`` and readable by its owner only."""
    path = VAR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _files(name: str) -> list[str]:
    """Paths parted by commas."""
    return [one.strip() for one in os.environ.get(name, "").split(",") if one.strip()]


#: Statements are many and short: PostgreSQL takes seconds to compile one that answers in a quarter of one, and starts
#: two processes, each of which loads PostGIS, for a tile that one alone cuts in the same time.
AS_APP = "-c role=madoguchi_app -c jit=off -c max_parallel_workers_per_gather=0"


def _database() -> dict[str, Any]:
    """PostgreSQL from DATABASE_URL, else from the private cluster that ``make demo`` keeps under ``var/``."""
    kept = VAR / "database-url"
    url = os.environ.get("DATABASE_URL") or (kept.read_text().strip() if kept.exists() else "postgresql:///madoguchi")
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {
        key: value for key, value in parts.items() if key not in {"dbname", "user", "password", "host", "port"}
    }
    # What web, worker and commands become as they connect: whoever goes around the ledger's door is refused by the
    # database. Tables are made by whoever connects (site/owner.py). Not Django's assume_role: with a pool it waits for
    # a connection while it sets one up.
    options["options"] = " ".join(filter(None, (options.get("options"), AS_APP)))
    # What is asked with its values apart (events/composing.py) is planned once: psycopg's number, which Django unsets.
    options["prepare_threshold"] = 5
    if os.environ.get("MADOGUCHI_POOL"):
        size = int(os.environ["MADOGUCHI_POOL"])
        options["pool"] = {"min_size": 1, "max_size": size, "timeout": 10, "connection_class": Connection}
    return {
        "ENGINE": "madoguchi.site.postgis",
        "NAME": parts.get("dbname", "madoguchi"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": os.environ.get("MADOGUCHI_TEST_DATABASE") or None},
    }


#: Real open data of the city beside the project, where it is there; without it the sample city is drawn evenly.
_PACK = Path(os.environ.get("MADOGUCHI_DATA") or ROOT.parent / "shared" / "data")
DATA_PACK = _PACK if _PACK.is_dir() else None
#: How many parcels the sample city's map has, about: as many as a real city of this size.
SAMPLE_PARCELS = int(os.environ.get("MADOGUCHI_SAMPLE_PARCELS", "100000"))

SECRET_KEY = os.environ.get("MADOGUCHI_SECRET_KEY") or _kept_secret("django")
DEBUG = os.environ.get("MADOGUCHI_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("MADOGUCHI_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
HTTPS = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "procrastinate.contrib.django",
    "madoguchi.events.apps.EventsConfig",
    "madoguchi.people.apps.PeopleConfig",
    "madoguchi.places.apps.PlacesConfig",
    "madoguchi.facts.apps.FactsConfig",
    "madoguchi.messages.apps.MessagesConfig",
    "madoguchi.procedures.apps.ProceduresConfig",
    "madoguchi.cases.apps.CasesConfig",
    "madoguchi.mapping.apps.MappingConfig",
    "madoguchi.web.apps.WebConfig",
    "madoguchi.desk.apps.DeskConfig",
    "madoguchi.feeds.apps.FeedsConfig",
    "allauth",  # after the desk, whose pages for signing in take the place of allauth's
    "allauth.account",
    "allauth.mfa",
    "madoguchi.site.apps.SiteConfig",
]

MIDDLEWARE = [
    # First what every answer carries, also one that a middleware below gives by itself (a redirect, a 413).
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "madoguchi.web.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "madoguchi.mapping.packing.PackedMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "madoguchi.web.middleware.LanguageMiddleware",
    "madoguchi.web.middleware.AnnotationMiddleware",
    "madoguchi.web.middleware.BodyLimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "madoguchi.web.kiosk.KioskMiddleware",
    "madoguchi.web.middleware.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "madoguchi.desk.signin.gate.SecondFactorMiddleware",
    "madoguchi.web.middleware.RefusedMiddleware",
]

ROOT_URLCONF = "madoguchi.site.urls"
WSGI_APPLICATION = "madoguchi.site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "madoguchi.web.context.city",
            ],
        },
    }
]

# 和語が原文。ja-simple（やさしい日本語）はDjangoの知らない言語なので名前を与える。
LANGUAGE_CODE = "ja"
LANGUAGES = [
    ("ja", "日本語"),
    ("ja-simple", "やさしい日本語"),
    ("en", "English"),
    ("zh-hans", "中文（简体）"),
    ("ko", "한국어"),
    ("vi", "Tiếng Việt"),
    ("pt", "Português"),
]
django.conf.locale.LANG_INFO["ja-simple"] = {
    "bidi": False,
    "code": "ja-simple",
    "name": "Easy Japanese",
    "name_local": "やさしい日本語",
}
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 60 * 60  # then a browser asks whether it has changed; the style sheets are named by content
#: What pages load from npm packages, put beside the code by set-up, wherever this node keeps its data.
_VENDOR = ROOT / "var" / "vendor"
STATICFILES_DIRS = [_VENDOR] if _VENDOR.exists() else []

# Geometries come from our own forms and the city's own files, never from a spatial reference that a stranger wrote.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

# Residents prove themselves by card at デジタル認証アプリ; the demo brings a provider of its own (tools/idp).
OIDC_ISSUER = os.environ.get(
    "MADOGUCHI_OIDC_ISSUER",
    "http://localhost:3999/api/realms/main" if DEMO else "https://auth-and-sign.go.jp/api/realms/main",
).rstrip("/")
OIDC_CLIENT_ID = os.environ.get("MADOGUCHI_OIDC_CLIENT_ID", "RP00000001")
# A file with the provider's metadata, for one that has no discovery document.
OIDC_METADATA = os.environ.get("MADOGUCHI_OIDC_METADATA", "")

# Signatures by card are believed where a signing authority named here has issued the certificate: files, PEM or DER, of
# jpki.go.jp; and of test authorities, which every page then says. Whether one was revoked is asked where a bridge of a
# 署名検証者 is named; else it is "not checked".
JPKI_ROOTS = _files("MADOGUCHI_JPKI_ROOTS")
JPKI_TEST_ROOTS = _files("MADOGUCHI_JPKI_TEST_ROOTS")
REVOCATION_VERIFIER = os.environ.get("MADOGUCHI_REVOCATION_VERIFIER", "")
if JPKI_TEST_ROOTS and HTTPS and not DEMO:
    raise ImproperlyConfigured("MADOGUCHI_JPKI_TEST_ROOTS: a node that serves residents believes no test certificates")

# Staff sign in by passkey, or by password and TOTP. Nobody signs up: accounts are opened by the city.
AUTH_USER_MODEL = "madoguchi_people.Account"
AUTHENTICATION_BACKENDS = ["madoguchi.desk.signin.backend.StaffBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_ADAPTER = "madoguchi.desk.signin.adapter.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_TIMEOUT = 5 * 60
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "20/m/ip,5/15m/key", "reauthenticate": "10/m/user"}
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("MADOGUCHI_PROXIES", "0"))
MFA_ADAPTER = "madoguchi.desk.signin.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers allow passkeys over http on localhost alone
MFA_TOTP_ISSUER = "窓口"
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "madoguchi.desk.signin.forms.CodeForm",
    "reauthenticate": "madoguchi.desk.signin.forms.CodeAgainForm",
}
# Counts of failed attempts must be one count for all processes, so they are kept in the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # of the default 300, an attacker could push out the own count
    }
}

# Mail leaves by SMTP: smtp://host:port, smtps:// or smtp+starttls://user:password@host.
MAIL_CARRIER = "smtp"
SMTP_URL = os.environ.get("MADOGUCHI_SMTP", "smtp://localhost:1025")
MAIL_FROM = os.environ.get("MADOGUCHI_MAIL_FROM", "no-reply@localhost")

# Files that residents send are looked at by clamd, where there is one: tcp://host:3310 or unix:/run/clamav/clamd.ctl.
CLAMD = os.environ.get("MADOGUCHI_CLAMD", "")

# Webhooks reach public addresses only, and these networks (of core systems; of this machine in the demo).
WEBHOOK_NETWORKS = os.environ.get("MADOGUCHI_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128" if DEMO else "").split(",")
WEBHOOK_NETWORKS = [one.strip() for one in WEBHOOK_NETWORKS if one.strip()]

# Letters are signed with the city's key (PKCS#12); with a time-stamping authority (RFC 3161) they are PAdES B-T.
SIGNER = "pades"
SIGNING_KEY = Path(os.environ.get("MADOGUCHI_SIGNING_KEY", VAR / "signing" / "city.p12"))
SIGNING_PASSWORD = os.environ.get("MADOGUCHI_SIGNING_PASSWORD", "")
TIMESTAMP_URL = os.environ.get("MADOGUCHI_TIMESTAMP", "")

# Fees are paid at a provider: its API, our secret key there, and the secret that signs its notices to us.
PAYMENT_PROVIDER = "stripe"
STRIPE_URL = os.environ.get("MADOGUCHI_STRIPE_URL", "https://api.stripe.com")
STRIPE_KEY = os.environ.get("MADOGUCHI_STRIPE_KEY", "")
STRIPE_WEBHOOK_SECRET = os.environ.get("MADOGUCHI_STRIPE_WEBHOOK_SECRET", "")

SESSION_ENGINE = "madoguchi.people.sessions"
SESSION_COOKIE_NAME = "__Host-madoguchi" if HTTPS else "madoguchi"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60  # after the last minute of use: madoguchi.web.middleware.SignInMiddleware
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "madoguchi.web.views.plain.csrf_failure"

# One photograph of a phone is about 5 MB; a form holds at most ten.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("MADOGUCHI_LOG", "WARNING")},
}

# Staff accounts have no e-mail address: they are opened by the municipality, never by sign-up.
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
