"""What the tests of this folder are handed to open clients with."""

from collections.abc import Callable
from typing import TypeAlias

from jobkit.backends.redis import RedisBackend

Open: TypeAlias = Callable[..., RedisBackend]
