"""All settings, on one page. The environment decides what differs between a laptop and production.

Settings never start a server: `config.demo` and the test controller do, and pass the addresses on as DATABASE_URL and REDIS_URL.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_bool(name: str, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def env_int(name: str, default: int) -> int:
    try:
        return int(env(name) or default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {env(name)!r}.") from error


def env_share(name: str, default: float) -> float:
    try:
        share = float(env(name) or default)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number from 0 to 1, not {env(name)!r}.") from error
    if not 0 <= share <= 1:
        raise ImproperlyConfigured(f"{name} must be from 0 to 1, not {share:g}.")
    return share


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env(name, default).split(",") if part.strip()]


DEBUG = env_bool("WHETSTONE_DEBUG")
EMBEDDED = env_bool("WHETSTONE_EMBEDDED")
DATA_DIR = Path(env("DATA_DIR") or BASE_DIR / ".data").resolve()

SECRET_KEY = env("WHETSTONE_SECRET_KEY")
if not SECRET_KEY:
    if not (DEBUG or EMBEDDED):
        raise ImproperlyConfigured("Set WHETSTONE_SECRET_KEY to a long random string, or WHETSTONE_DEBUG=1 on a developer's machine.")
    SECRET_KEY = "not-a-secret-only-for-development-" + "0" * 32

ALLOWED_HOSTS = env_list("WHETSTONE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG or EMBEDDED else "")
CSRF_TRUSTED_ORIGINS = env_list("WHETSTONE_TRUSTED_ORIGINS")
SITE_URL = env("WHETSTONE_URL", "http://localhost:8000").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "channels",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
    "helpdesk",
    "learning",
    "assistant",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.identity.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

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
                "helpdesk.context.site",
            ],
        },
    },
]

# --- Data -------------------------------------------------------------------------------------------------------------

DATABASES = {"default": dj_database_url.parse(env("DATABASE_URL", "postgres:///whetstone"), conn_max_age=0)}
DATABASES["default"].setdefault("OPTIONS", {})
if DB_POOL := env_int("WHETSTONE_DB_POOL", 0):
    # Web and live processes: a bounded pool instead of CONN_MAX_AGE, which leaks a connection a thread under ASGI.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DB_POOL, "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", "redis://localhost:6379/0")

# In the database, not in Redis: sign-in limits must hold when Redis is gone.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "whetstone_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# Redis publishes across its numbered databases, so the prefix names ours.
CHANNEL_PREFIX = f"whetstone{urlsplit(REDIS_URL).path.replace('/', '-')}"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 1, "socket_timeout": 5}], "prefix": CHANNEL_PREFIX},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 120  # it warms up first; four seconds, the default, are too few on a busy machine
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A dead Redis must cost a request a moment, not its life: `catch_up` finds what was not queued.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 0}
CELERY_TIMEZONE = "UTC"

# --- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "helpdesk.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "inbox:home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "helpdesk.identity.AgentAdapter"
SOCIALACCOUNT_ADAPTER = "helpdesk.identity.AgentSocialAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # agents are invited by an admin; there is no sign-up
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "reset_password": "20/m/ip,5/m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Whetstone"
SOCIALACCOUNT_PROVIDERS = {}
if env("OIDC_SERVER_URL"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "sso",
                "name": env("OIDC_NAME", "Single sign-on"),
                "client_id": env("OIDC_CLIENT_ID"),
                "secret": env("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env("OIDC_SERVER_URL")},
            }
        ]
    }

# --- Mail -------------------------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = env("WHETSTONE_FROM_EMAIL", "Whetstone <support@localhost>")
if EMBEDDED and not env("EMAIL_HOST"):
    EMAIL_BACKEND = "helpdesk.mail.devbox.EmailBackend"
EMAIL_HOST = env("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10

# --- Assistant --------------------------------------------------------------------------------------------------------

EMBEDDER = env("WHETSTONE_EMBEDDER", "minilm")
UNDO_SECONDS = env_int("WHETSTONE_UNDO_SECONDS", 10)  # for a new site; from then on the settings in the admin count
HOLDOUT_SHARE = env_share("WHETSTONE_HOLDOUT", 0.05)  # both for a new site; its settings in the admin decide from then on
EXPLORATION_SHARE = env_share("WHETSTONE_EXPLORATION", 0.02)
LLM_PROVIDER = env("LLM_PROVIDER")  # "", "openai", "anthropic" or "ollama"; empty quotes the passage itself
LLM_MODEL = env("LLM_MODEL")
LLM_API_KEY = env("LLM_API_KEY")
LLM_BASE_URL = env("LLM_BASE_URL")
LLM_TIMEOUT = env_int("LLM_TIMEOUT", 20)

# --- Web --------------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = env("WHETSTONE_TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT") or DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or EMBEDDED
MEDIA_ROOT = Path(env("WHETSTONE_MEDIA_ROOT") or DATA_DIR / "media")  # no address leads into it: files are handed out by views
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
ATTACHMENT_BYTES = env_int("WHETSTONE_ATTACHMENT_MB", 10) * 1024 * 1024  # of one file
ATTACHMENT_COUNT = env_int("WHETSTONE_ATTACHMENT_COUNT", 10)  # of one message
ATTACHMENT_PIXELS = 40_000_000  # of a picture: what a browser unpacks takes four bytes for each
DATA_UPLOAD_MAX_NUMBER_FILES = ATTACHMENT_COUNT
FILE_UPLOAD_HANDLERS = [
    "helpdesk.uploads.BoundedUploads",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LIVE_PORT = env_int("WHETSTONE_LIVE_PORT", 0)  # 0: sockets answer on the page's own origin, behind the proxy
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *([f"ws://*:{LIVE_PORT}", f"http://*:{LIVE_PORT}"] if LIVE_PORT else [])],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not (DEBUG or EMBEDDED):
    SECURE_SSL_REDIRECT = env_bool("WHETSTONE_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("WHETSTONE_BEHIND_PROXY") else None
    SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["helpdesk.api.auth.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["helpdesk.api.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["helpdesk.api.errors.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "helpdesk.api.errors.handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Whetstone API",
    "DESCRIPTION": "Ask the assistant, and read and write tickets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("WHETSTONE_LOG_LEVEL", "INFO")},
    "loggers": {"httpx": {"level": "WARNING"}},
}
