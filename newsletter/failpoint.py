"""Named moments at which a test can have the program killed, to prove that it is safe there.

``NEWSLETTER_FAILPOINT=window-committed:3`` ends the process with SIGKILL when it
reaches that moment for the third time. Nobody else ever sets the variable.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Final

_NAME, _, _COUNT = os.environ.get("NEWSLETTER_FAILPOINT", "").partition(":")
_TIMES: Final = int(_COUNT or "1")
_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Die here if a test has asked for it."""
    if name != _NAME:
        return
    _reached[name] += 1
    if _reached[name] == _TIMES:
        os.kill(os.getpid(), signal.SIGKILL)
