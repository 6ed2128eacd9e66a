"""The portal's tables, and nothing else of it: no DRF, only the middleware that allauth insists on."""

from tests.bench.settings import *  # noqa: F403

MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]
ROOT_URLCONF = "tests.bench.bare.reading"
