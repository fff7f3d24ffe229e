"""The fields that previews are asked with: strict about what they take, plain about why not."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any

from ninja import Field
from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from waya.kernel.money import CURRENCIES

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_NAMES: set[str] = set()


class Asked(BaseModel):
    """What is asked with; a field that nobody knows is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Remember the names of fields, to say which one was meant."""
        _NAMES.update(cls.model_fields)


def unknown(name: str) -> str:
    """What is said of a field that nobody knows."""
    meant = get_close_matches(name, sorted(_NAMES), n=1)
    return "There is no such field here." + (f" Did you mean {meant[0]}?" if meant else "")


def _day(value: Any) -> date:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("day", "There is no such day.") from error
    raise PydanticCustomError("day", "Write a day as text, like 2027-06-30.")


def _moment(value: Any) -> date:
    try:
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("day", "There is no such moment.") from error
    return value if isinstance(value, datetime) else _day(value)


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError(
            "currency", "Nobody pays with this: use a code of ISO 4217, like KES."
        )
    return code


Day = Annotated[
    date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})
]  # fmt: skip
Moment = Annotated[
    date,
    PlainValidator(_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"},
                              {"type": "string", "format": "date-time"}]}),
]  # fmt: skip
Major = Annotated[Decimal, Field(ge=0, le=10**12, max_digits=30)]
Minor = Annotated[int, Field(ge=0, le=10**14)]
Count = Annotated[Decimal, Field(ge=0, le=10**15, max_digits=30)]
Percent = Annotated[Decimal, Field(ge=0, le=1000, max_digits=30)]
Share = Annotated[Decimal, Field(gt=0, le=100, max_digits=30)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)]
Code = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_.:-]*$")]
Class = Annotated[str, Field(max_length=20, pattern=r"^[a-z_]*$")]
Place = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Za-z0-9]{1,12}){0,2}$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
TaxNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9 ./-]{3,30}$")]
Length = Annotated[int, Field(ge=1, le=1200)]
