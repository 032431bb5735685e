"""What a worker of a Django project is started with: ``jobkit worker jobkit.integrations.django.worker:app``.

Sets Django up by ``DJANGO_SETTINGS_MODULE``, imports the modules ``jobs`` and ``tasks`` of each installed app, and
has the app that ``TASKS`` names, under ``app``.
"""

from __future__ import annotations

import django
from django.core.exceptions import ImproperlyConfigured

django.setup()

from django.conf import settings  # noqa: E402 - what follows needs what was set up
from django.utils.module_loading import autodiscover_modules, import_string  # noqa: E402

from jobkit.app import App  # noqa: E402

autodiscover_modules("jobs", "tasks")


def _named() -> App:
    """The one app that the settings name."""
    names = {each["OPTIONS"]["app"] for each in settings.TASKS.values() if "app" in each.get("OPTIONS", {})}
    if len(names) != 1:
        raise ImproperlyConfigured(
            f"TASKS names {len(names)} apps ({', '.join(sorted(map(str, names)))}): start `jobkit worker module:app`"
        )
    found: App = import_string(names.pop().replace(":", "."))
    return found


app = _named()
