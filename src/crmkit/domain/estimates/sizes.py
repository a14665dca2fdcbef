"""Functional size: counts of the five kinds of functions, and the weights that make points of them.

Kinds, weights and the matrix of complexity follow the IFPUG Counting Practices Manual; NESMA's
early counts and the Chinese full count (全功能点) weigh the same kinds.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

import attrs

from crmkit.errors import InvalidValue, WrongType

KINDS: Final = ("ilf", "eif", "ei", "eo", "eq")


class FunctionKind(StrEnum):
    """What a function is: kept data, data of others, input, output, inquiry."""

    ILF = "ilf"
    EIF = "eif"
    EI = "ei"
    EO = "eo"
    EQ = "eq"


class FunctionComplexity(StrEnum):
    """How much data one function touches."""

    LOW = "low"
    AVERAGE = "average"
    HIGH = "high"


@attrs.frozen(kw_only=True)
class Weights:
    """Function points per function of each kind."""

    name: str
    ilf: int
    eif: int
    ei: int
    eo: int
    eq: int
    source: str


IFPUG_LOW: Final = Weights(name="IFPUG low", ilf=7, eif=5, ei=3, eo=4, eq=3, source="IFPUG CPM")
IFPUG_AVERAGE: Final = Weights(
    name="全功能点", ilf=10, eif=7, ei=4, eo=5, eq=4, source="IFPUG CPM; GB/T 36964"
)
IFPUG_HIGH: Final = Weights(name="IFPUG high", ilf=15, eif=10, ei=6, eo=7, eq=6, source="IFPUG CPM")
NESMA_ESTIMATED: Final = Weights(
    name="NESMA estimated",
    ilf=7,
    eif=5,
    ei=4,
    eo=5,
    eq=4,
    source="isbsg.org/2014/08/22/nesma-estimation: data functions low, transactions average",
)
WEIGHTS: Final[Mapping[FunctionComplexity, Weights]] = {
    FunctionComplexity.LOW: IFPUG_LOW,
    FunctionComplexity.AVERAGE: IFPUG_AVERAGE,
    FunctionComplexity.HIGH: IFPUG_HIGH,
}


@attrs.frozen
class FunctionCount:
    """How many functions of each kind: `FunctionCount(ilf=2, ei=6, eo=1, eq=4)`."""

    ilf: int = 0
    eif: int = 0
    ei: int = 0
    eo: int = 0
    eq: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse what is not a whole number from zero on."""
        for kind in KINDS:
            check_count(getattr(self, kind), kind)

    def points(self, weights: Weights = IFPUG_AVERAGE) -> Decimal:
        """Weigh the functions: unadjusted function points."""
        return Decimal(sum(getattr(self, kind) * getattr(weights, kind) for kind in KINDS))

    def __add__(self, other: object) -> "FunctionCount":
        """Count two sets of functions together."""
        if not isinstance(other, FunctionCount):
            return NotImplemented
        return FunctionCount(*(getattr(self, kind) + getattr(other, kind) for kind in KINDS))

    def __mul__(self, times: int) -> "FunctionCount":
        """Count the same functions several times."""
        return FunctionCount(*(getattr(self, kind) * times for kind in KINDS))


def check_count(value: object, path: str, *, least: int = 0) -> int:
    """Return a whole number from `least` on, or raise naming `path`."""
    if type(value) is not int:
        raise WrongType(
            f"expected a whole number, got {type(value).__name__}", path=path, fix="such as 12"
        )
    if value < least:
        raise InvalidValue(
            f"{value} is below {least}", path=path, fix=f"give a whole number from {least} on"
        )
    return value


def complexity_of(kind: FunctionKind, files: int, fields: int) -> FunctionComplexity:
    """Judge one function by IFPUG's matrix.

    `files` are the record types (RET) of data, or the files referenced (FTR) by a transaction;
    `fields` are the data elements (DET).
    """
    few_files, many_files, few_fields, many_fields = _STEPS[kind]
    row = (files > few_files) + (files > many_files)
    column = (fields > few_fields) + (fields > many_fields)
    return _MATRIX[row + column]


_STEPS: Final[Mapping[FunctionKind, tuple[int, int, int, int]]] = {
    FunctionKind.ILF: (1, 5, 19, 50),
    FunctionKind.EIF: (1, 5, 19, 50),
    FunctionKind.EI: (1, 2, 4, 15),
    FunctionKind.EO: (1, 3, 5, 19),
    FunctionKind.EQ: (1, 3, 5, 19),
}
"""The last count of the first and second row, the last count of the first and second column."""

_MATRIX: Final = (
    FunctionComplexity.LOW,
    FunctionComplexity.LOW,
    FunctionComplexity.AVERAGE,
    FunctionComplexity.HIGH,
    FunctionComplexity.HIGH,
)
