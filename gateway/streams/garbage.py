"""The garbage collector of a process that holds thousands of sockets.

Left alone it walks over everything that lives long, again and again, and all streams stand still
meanwhile. What the process was built from is never garbage, and a burst of events is none yet.
"""

import gc

YOUNG = 20_000  # objects more than before, until the young ones are looked at
MIDDLE, OLD = 20, 20  # such looks until the next older ones are


def settle() -> None:
    """To be called once, when everything is built and nothing is served yet."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
