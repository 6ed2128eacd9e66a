"""Settings, all of them from the environment (`env.py`); README.md documents each variable in one table."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.urls import reverse_lazy

from engage_portal import __version__, env
from engage_portal.core.logs import logging_config

BASE_DIR = env.BASE_DIR
KEYS = ("email", "mobilePhone", "socialSecurityNumber", "memberNumber", "externalId")
env.load_dotenv()

# ── The process ──────────────────────────────────────────────────────────────────────────────────────────────────
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key("SECRET_KEY", debug=DEBUG)
ALLOWED_HOSTS = env.texts("ALLOWED_HOSTS", ["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = [
    f"https://{'*' if host.startswith('.') else ''}{host}" for host in ALLOWED_HOSTS if host != "*"
]
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0, least=0, most=10)
PORT = env.whole("PORT", 8000, least=1, most=65535)
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", f"sqlite:///{BASE_DIR / 'var' / 'engage_portal.sqlite3'}")
}
REDIS_URL = env.address("REDIS_URL", schemes=["redis", "rediss"])

# ── Engage ───────────────────────────────────────────────────────────────────────────────────────────────────────
ENGAGE_BASE_URL = env.address("ENGAGE_BASE_URL", schemes=["https", "http"])
ENGAGE_API_KEY = env.text("ENGAGE_API_KEY")
ENGAGE_USER_AGENT = env.text("ENGAGE_USER_AGENT", f"EngagePortal/{__version__}")
ENGAGE_SOURCE = env.text("ENGAGE_SOURCE", "EngagePortal")
ENGAGE_LEVEL = env.whole("ENGAGE_LEVEL", 4, least=1, most=4)
ENGAGE_KEY = env.one_of("ENGAGE_KEY", "email", KEYS)
ENGAGE_NUMBER_PREFIX = env.text("ENGAGE_NUMBER_PREFIX", "EP-")
ENGAGE_COPY_FIELDS = env.texts("ENGAGE_COPY_FIELDS", ["all"])
ENGAGE_EXPORT_FOLDER = env.text("ENGAGE_EXPORT_FOLDER")
ENGAGE_EXPORT_SPOOL = env.text("ENGAGE_EXPORT_SPOOL", str(BASE_DIR / "var" / "exports"))
ENGAGE_FILE_PROFILE = env.text("ENGAGE_FILE_PROFILE")
SFTP_URL = env.address("SFTP_URL", schemes=["sftp"])
SFTP_PASSWORD = env.text("SFTP_PASSWORD")
SFTP_KEY_FILE = env.text("SFTP_KEY_FILE")
SFTP_HOST_KEY = env.text("SFTP_HOST_KEY")
SFTP_DELETE = env.flag("SFTP_DELETE", default=False)
SFTP_DIRECT_UPLOAD = env.flag("SFTP_DIRECT_UPLOAD", default=False)
DROPBOX_FOLDER = env.text("DROPBOX_FOLDER")
ENGAGE_UPGRADE_ON_SIGN_IN = env.flag("ENGAGE_UPGRADE_ON_SIGN_IN", default=False)
ENGAGE_SYNC_MINUTES = env.whole("ENGAGE_SYNC_MINUTES", 15, least=0, most=1440)
ENGAGE_WEBHOOK_SECRET = env.text("ENGAGE_WEBHOOK_SECRET")
PHONE_REGION = env.text("PHONE_REGION", "SE")
# Engage recommends at most 50 calls a second and refuses above 200 [developer.voyado.com/en/api/api-rate-limit].
ENGAGE_RATE = env.whole("ENGAGE_RATE", 50, least=2, most=190)
ENGAGE_READ_TIMEOUT = env.seconds("ENGAGE_READ_TIMEOUT", 30.0, least=1, most=90)
ENGAGE_BREAKER_FAILURES = env.whole("ENGAGE_BREAKER_FAILURES", 3, least=1, most=100)
ENGAGE_PROBE_SECONDS = env.seconds("ENGAGE_PROBE_SECONDS", 10.0, least=1, most=3600)

# ── The portal ───────────────────────────────────────────────────────────────────────────────────────────────────
PORTAL_TIME_BUDGET = env.seconds("PORTAL_TIME_BUDGET", 1.0, least=0.2, most=30)
SNAPSHOT_FRESH_SECONDS = env.whole("SNAPSHOT_FRESH_SECONDS", 300, least=0, most=86_400)
OUTBOX_WAITS = env.waits("OUTBOX_WAITS", (10, 30, 60, 300, 600, 1200, 2400, 3600))
OUTBOX_GIVE_UP_DAYS = env.whole("OUTBOX_GIVE_UP_DAYS", 14, least=1, most=365)
OUTBOX_BULK_FROM = env.whole("OUTBOX_BULK_FROM", 200, least=0, most=4000)
OUTBOX_CONFIRM_HOURS = env.whole("OUTBOX_CONFIRM_HOURS", 24, least=0, most=720)
SPOOL_AFTER = env.whole("SPOOL_AFTER", 6, least=0, most=720)
SPOOL_FOLDER = env.text("SPOOL_FOLDER", str(BASE_DIR / "var" / "spool"))
SPOOL_KEY = env.text("SPOOL_KEY")
SPOOL_MAX_RECORDS = env.whole("SPOOL_MAX_RECORDS", 5000, least=1, most=20_000)
SPOOL_MARGIN_MINUTES = env.whole("SPOOL_MARGIN_MINUTES", 15, least=0, most=1440)
SPOOL_PICKUP_HOURS = env.whole("SPOOL_PICKUP_HOURS", 3, least=1, most=168)
SPOOL_KEEP_HOURS = env.whole("SPOOL_KEEP_HOURS", 72, least=1, most=720)
SPOOL_WITHDRAW = env.flag("SPOOL_WITHDRAW", default=True)
RECEIPT_STORES = env.one_of("RECEIPT_STORES", "refuse", ("refuse", "warn", "ignore"))
RECEIPT_SUMS = env.one_of("RECEIPT_SUMS", "refuse", ("refuse", "warn", "ignore"))
RECEIPT_TOLERANCE = env.amount("RECEIPT_TOLERANCE", "0.01", least="0", most="1000")
METRICS_TOKEN = env.text("METRICS_TOKEN")
_mail = env.email("EMAIL_URL", "console:")
EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = _mail.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_mail.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_SSL"))
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Engage Portal <no-reply@localhost>")
_time_zone = env.zone("TIME_ZONE", "Europe/Stockholm")
env.finish()

# ── Django ───────────────────────────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "knox",
    "drf_spectacular_sidecar",
    "rest_framework",
    "engage_portal.accounts",
    "engage_portal.outbox",
    "engage_portal.fallback",
    "engage_portal.api",
    "engage_portal.staff",
    "engage_portal.sandbox",
    "contacts",
    "promotions",
    "receipts",
]
MIDDLEWARE = [
    "engage_portal.api.health.HealthMiddleware",
    "engage_portal.core.request_log.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "engage_portal.urls"
WSGI_APPLICATION = "engage_portal.wsgi.application"
ASGI_APPLICATION = "engage_portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = _time_zone
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "engage_portal" / "static"]
# Files are served straight from the packages they came with: a deployment is `migrate` and two processes.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

# ── Database, cache, tasks ───────────────────────────────────────────────────────────────────────────────────────
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    DATABASES["default"] |= {
        "ENGINE": "engage_portal.core.fair_sqlite3",
        "CONN_MAX_AGE": 60,
        # IMMEDIATE: writers queue up instead of failing with "database is locked" halfway through.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            # django-q2 waits a second for its next task; reading has to be allowed longer than that.
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2.5},
        }
    }
else:
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "outbox_cache"},
    }

# Wake-ups only; what has to happen stands in the outbox. `retry` counts from fetching: it stays above
# (queue_limit / workers + 2) * timeout, and `timeout` is far above the time slice of a task.
Q_CLUSTER: dict[str, Any] = {
    "name": "engage",
    "workers": 3,
    "queue_limit": 3,
    "bulk": 1,
    "timeout": 120,
    "retry": 600,
    "max_attempts": 1,
    "ack_failures": True,
    # Nothing of a task that went well is kept: what it did stands in the outbox.
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.2,
    "recycle": 500,
    "max_rss": 300_000,
    "cache": "default",
    **({"django_redis": "default"} if REDIS_URL else {"orm": "default"}),
}

# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_request_login_code")
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "engage_portal.accounts.adapter.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_FORMS = {
    "request_login_code": "engage_portal.accounts.forms.SignInForm",
    "change_password": "engage_portal.accounts.forms.StaffPasswordForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]

# ── REST ─────────────────────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["engage_portal.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["engage_portal.api.parsers.EngageJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["engage_portal.api.renderers.EngageJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "engage_portal.api.errors.engage_error_response",
    "UNAUTHENTICATED_USER": None,
}
# knox's own token table would only stand empty beside ours.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "api.ApiKey"  # noqa: S105 - a model's name
REST_KNOX = {"TOKEN_TTL": None, "TOKEN_PREFIX": "ep_", "TOKEN_MODEL": "api.ApiKey"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Engage Portal",
    "VERSION": __version__,
    "DESCRIPTION": "Voyado Engage's v3 language, answered within the time budget whatever Engage does.",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "svix": {
                "type": "apiKey",
                "in": "header",
                "name": "svix-signature",
                "description": "HMAC-SHA256 over svix-id, svix-timestamp and the body, with ENGAGE_WEBHOOK_SECRET.",
            }
        }
    },
    "POSTPROCESSING_HOOKS": ["engage_portal.api.description.engage_words_in_paths"],
}

# ── Security ─────────────────────────────────────────────────────────────────────────────────────────────────────
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
if TRUSTED_PROXIES:
    # Only behind a proxy that sets them: anybody else could claim to be somebody else, or to be encrypted.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A receipt of 2,000 lines stays below this; the parser answers 413 above it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGGING_CONFIG = None
logging_config(debug=DEBUG, quiet="pytest" in sys.modules)
