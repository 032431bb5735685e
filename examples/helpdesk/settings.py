"""As small as Django's settings can be; the part that matters is ``TASKS``."""

from __future__ import annotations

import os
from pathlib import Path

import django

HERE = Path(__file__).parent

SECRET_KEY = "an example has no secrets"  # noqa: S105
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "helpdesk.urls"
INSTALLED_APPS = ["helpdesk"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("HELPDESK_DATABASE", HERE / "helpdesk.sqlite3"),
    }
}
CONSOLE = "django.core.mail.backends.console.EmailBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": CONSOLE}}
else:
    EMAIL_BACKEND = CONSOLE
DEFAULT_FROM_EMAIL = "helpdesk@example.org"

TASKS = {
    "default": {
        "BACKEND": "jobkit.integrations.django.TaskBackend",
        "QUEUES": ["default", "reports"],
        "OPTIONS": {"app": "helpdesk.jobs:app"},
    }
}
