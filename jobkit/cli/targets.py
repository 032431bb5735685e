"""What commands are about: an app by its place in the code, or a store by its URL."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from jobkit.app import App
from jobkit.errors import ConfigurationError


def find_app(path: str) -> App:
    """The app at ``module:name``; the working folder is on the path."""
    module, colon, name = path.partition(":")
    if not colon or not name:
        raise ConfigurationError(f"an app is named as module:app, such as shop.jobs:app, not {path!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not (module == error.name or module.startswith(f"{error.name}.")):
            raise
        raise ConfigurationError(f"no module {module!r} (looked in {here} and where packages are installed)") from None
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, App):
        apps = [key for key, value in vars(import_module(module)).items() if isinstance(value, App)]
        hint = f"; there is {module}:{apps[0]}" if apps else ""
        raise ConfigurationError(f"{path} is not a jobkit.App{hint}")
    return found
