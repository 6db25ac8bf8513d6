"""A made-up school, the same for everyone on a given day: pupils, their work and their journal.

Fills an empty database through COPY, for demonstrations, tests and measurements.
"""

from services.demo_school.people import ADMINS, People, people
from services.demo_school.school import is_loaded, load

__all__ = ["ADMINS", "People", "is_loaded", "load", "people"]
