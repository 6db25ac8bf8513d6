"""The catalogue's data files, read once, checked whole, and refused with the place of the fault."""

from functools import cache
from pathlib import Path
from typing import TypeVar

import orjson
import yaml
from pydantic import ValidationError

from services.catalogue.examination import Examination
from services.catalogue.programme_records import Programmes
from services.catalogue.records import Record

DATA = Path(__file__).parent / "data"

R = TypeVar("R", bound=Record)


class CorruptCatalogue(ValueError):
    """A data file does not say what it must; the message names the file and the place."""


@cache
def examination() -> Examination:
    """The regulation's data."""
    return read(DATA / "epreuves.yaml", Examination)


@cache
def programmes() -> Programmes:
    """The programmes' data."""
    return read(DATA / "programmes.yaml", Programmes)


def read(path: Path, shape: type[R]) -> R:
    """Read a data file into its shape, or raise CorruptCatalogue.

    It passes through JSON because pydantic is strict about JSON in the way wanted here: an ISO day
    is a date and a list is a tuple, but "5" is not a number.
    """
    try:
        content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        return shape.model_validate_json(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
    except (yaml.YAMLError, orjson.JSONEncodeError) as error:
        raise CorruptCatalogue(f"{path.name}: {error}") from error
    except ValidationError as error:
        faults = [
            f"{path.name}: {'.'.join(map(str, fault['loc'])) or 'whole file'}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        ]
        raise CorruptCatalogue("\n".join(faults)) from error
