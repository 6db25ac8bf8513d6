"""Every vocabulary as a GraphQL enum: the name of a member is the name that clients say."""

from enum import StrEnum
from inspect import cleandoc, getmembers, isclass

import strawberry

from models import curriculum, vocabulary
from services import bulk

for module in (curriculum, vocabulary, bulk):
    for _, found in getmembers(module, isclass):
        if issubclass(found, StrEnum) and found is not StrEnum:
            strawberry.enum(found, description=cleandoc(found.__doc__ or ""))
