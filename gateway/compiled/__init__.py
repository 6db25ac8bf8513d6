"""The compiled path: a validated operation as one SQL statement for each root field.

`README.md` beside this file says what is compiled, what falls back, and how the two are held equal.
"""

from gateway.compiled.lanes import Lanes
from gateway.compiled.plans import Answered, CompiledPlans

__all__ = ["Answered", "CompiledPlans", "Lanes"]
