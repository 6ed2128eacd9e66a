"""The project's own settings for tests: no network, quick hashes, one database per set."""

import os

os.environ.setdefault("DEBUG", "false")
os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 50)
os.environ.setdefault("ENGAGE_BASE_URL", "https://engage.invalid")
os.environ.setdefault("ENGAGE_API_KEY", "tests")
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")
os.environ.setdefault("EMAIL_URL", "console:")
# Engage, where it answers, answers in time, however busy this machine is; tests of the budget set their own.
os.environ.setdefault("PORTAL_TIME_BUDGET", "20")

from engage_portal.settings import *  # noqa: F403
from engage_portal.settings import CACHES, DATABASES

EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and processes of a test share it as they would in production.
    DATABASES["default"]["TEST"] = {"NAME": str(DATABASES["default"]["NAME"]) + ".test"}
if CACHES["default"]["BACKEND"].startswith("django_redis"):
    # Clearing a cache empties its Redis database, so each test process has one of its own.
    _address, _, _number = str(CACHES["default"]["LOCATION"]).rpartition("/")
    _process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    CACHES["default"]["LOCATION"] = f"{_address}/{int(_number) - _process}"
# Files are found when they are asked for: listing them all would cost every test client 30 ms.
WHITENOISE_AUTOREFRESH = True
