"""The versioned path: answers kept as long as the journals they are made of stand still.

`README.md` beside this file says what is kept, under what, and for how long.
"""

from gateway.versioned.answers import VersionedAnswers
from gateway.versioned.shared import Shared
from gateway.versioned.versions import Versions

__all__ = ["Shared", "VersionedAnswers", "Versions"]
