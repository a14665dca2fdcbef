"""Kinds made of several values: money, lists, labels, documents and lists of documents."""

import json
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, ClassVar

import attrs

from crmkit.domain.exact_json import check_json, read_json
from crmkit.domain.item_texts import read_items, write_items
from crmkit.domain.kinds import Form, Integer, Json, Kind, Text, without_commas
from crmkit.domain.money import Money
from crmkit.domain.text import check_text, search_key
from crmkit.errors import CrmkitError, InvalidValue, OutOfRange, WrongType

MAX_ITEMS = 10_000
KEY_SUFFIX = ":k"


@attrs.frozen(kw_only=True)
class JsonKind(Kind):
    """A kind whose text form is JSON."""

    form: ClassVar[Form] = Form.JSON
    ordered: ClassVar[bool] = False

    def text(self, value: Any) -> str:
        """Write JSON."""
        return json.dumps(self.plain(value), ensure_ascii=False, sort_keys=True)

    def read(self, text: str, path: str) -> Any:
        """Read JSON and check what it says."""
        try:
            return self.check(self.revive(read_json(text, path), path), path)
        except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as wrong:
            if isinstance(wrong, InvalidValue):
                raise
            raise InvalidValue("is not the JSON of such a value", path=path) from None


@attrs.frozen(kw_only=True)
class Amount(Kind):
    """Money: minor units and currency."""

    form: ClassVar[Form] = Form.JSON
    letter: ClassVar[str] = "m"

    def check(self, value: Any, path: str) -> Money:
        """Refuse everything that is not Money."""
        if type(value) is not Money:
            raise WrongType(
                f"expected Money, got {type(value).__name__}",
                path=path,
                fix="write Money('98000', 'CNY')",
            )
        return value

    def plain(self, value: Money) -> Json:
        """Keep minor units and the currency."""
        return {"amount": value.minor, "currency": value.currency}

    def parse(self, plain: Json) -> Money:
        """Make the Money again."""
        return Money.from_minor(int(plain["amount"]), plain["currency"])

    def revive(self, plain: Json, path: str) -> Money:
        """Take whole minor units, nothing that could become them."""
        return Money.from_minor(Integer().check(plain["amount"], path), plain["currency"])

    def read(self, text: str, path: str) -> Money:
        """Read an amount followed by a currency code."""
        amount, _, currency = text.strip().rpartition(" ")
        if not amount:
            raise InvalidValue(
                f"{text!r} is not an amount with a currency", path=path, fix="write 98000 CNY"
            )
        try:
            return Money(without_commas(amount, path), currency)
        except CrmkitError as wrong:
            raise wrong.at(path) from None


@attrs.frozen(kw_only=True)
class Many(Kind):
    """Several values of one scalar kind, kept in order as a tuple."""

    form: ClassVar[Form] = Form.TEXTS
    letter: ClassVar[str] = "l"
    ordered: ClassVar[bool] = False
    item: Kind = attrs.field(factory=Text)

    def check(self, value: Any, path: str) -> tuple[Any, ...]:
        """Refuse other collections and too many items; check each item."""
        if not isinstance(value, tuple | list | frozenset | set):
            raise WrongType(f"expected several values, got {type(value).__name__}", path=path)
        if len(value) > MAX_ITEMS:
            raise OutOfRange(f"{len(value)} values, at most {MAX_ITEMS} are kept", path=path)
        if not value and type(value) is tuple:
            return value
        items = sorted(value) if isinstance(value, frozenset | set) else value
        return tuple(self.item.check(item, f"{path}[{at}]") for at, item in enumerate(items))

    def plain(self, value: tuple[Any, ...]) -> Json:
        """Keep a list."""
        return [self.item.plain(item) for item in value]

    def parse(self, plain: Json) -> tuple[Any, ...]:
        """Make the tuple again."""
        return tuple(self.item.parse(item) for item in plain)

    scalar = plain

    def text(self, value: tuple[Any, ...]) -> str:
        r"""Write the items separated by semicolons.

        A backslash keeps a semicolon and an outer blank; `\e` is an empty item.
        """
        return write_items(self.item.text(item) for item in value)

    def read(self, text: str, path: str) -> tuple[Any, ...]:
        """Read items separated by semicolons; nothing between two of them is no item."""
        return self.check(tuple(self.item.read(part, path) for part in read_items(text)), path)


@attrs.frozen(kw_only=True)
class Labels(JsonKind):
    """Texts by language, such as {"en": "Customer", "zh": "客户"}."""

    def check(self, value: Any, path: str) -> Mapping[str, str]:
        """Refuse everything but texts by language code."""
        if not isinstance(value, Mapping):
            raise WrongType(f"expected texts by language, got {type(value).__name__}", path=path)
        return {
            check_text(code, path=f"{path} language", max_length=35): check_text(
                label, path=f"{path}.{code}"
            )
            for code, label in value.items()
        }

    def plain(self, value: Mapping[str, str]) -> Json:
        """Keep a JSON object."""
        return dict(value)


@attrs.frozen(kw_only=True)
class AnyJson(JsonKind):
    """JSON without floats, for what crmkit itself records."""

    def check(self, value: Any, path: str) -> Json:
        """Refuse what is not JSON, floats, NUL, surrogates and deep nesting."""
        return check_json(value, path)


@attrs.frozen(kw_only=True)
class Document(JsonKind):
    """A nested frozen attrs value, kept as one JSON object."""

    cls: type[Any]
    derive: Callable[[type[Any]], Mapping[str, "Part"]] = attrs.field(eq=False, repr=False)
    _cache: dict[str, Mapping[str, "Part"]] = attrs.field(
        factory=dict, eq=False, repr=False, init=False
    )

    @property
    def parts(self) -> Mapping[str, "Part"]:
        """Return the fields of the nested class by name."""
        if "parts" not in self._cache:
            self._cache["parts"] = self.derive(self.cls)
        return self._cache["parts"]

    def check(self, value: Any, path: str) -> Any:
        """Refuse other classes; return the value as every store keeps it."""
        if not isinstance(value, self.cls):
            raise WrongType(f"expected {self.cls.__name__}, got {type(value).__name__}", path=path)
        changed: dict[str, Any] = {}
        for name, part in self.parts.items():
            inner = getattr(value, name)
            if inner is None and part.optional:
                continue
            checked = part.kind.check(inner, f"{path}.{name}")
            if checked is not inner:
                changed[name] = checked
        return _with(value, changed) if changed else value

    def plain(self, value: Any) -> Json:
        """Keep a JSON object, with a folded key beside each searchable text."""
        kept: dict[str, Json] = {}
        for name, part in self.parts.items():
            inner = getattr(value, name)
            kept[name] = None if inner is None else part.kind.plain(inner)
            if inner is not None and isinstance(part.kind, Text) and part.kind.searchable:
                kept[name + KEY_SUFFIX] = search_key(inner)
        return kept

    def revive(self, plain: Json, path: str) -> Any:
        """Make the nested value through its own validators."""
        if not isinstance(plain, dict):
            raise InvalidValue(f"expected the JSON of a {self.cls.__name__}", path=path)
        given = {name: value for name, value in plain.items() if not name.endswith(KEY_SUFFIX)}
        unknown = sorted(given.keys() - self.parts.keys())
        if unknown:
            raise InvalidValue(f"unknown keys {', '.join(unknown)}", path=path)
        return self.cls(
            **{
                name: None
                if value is None
                else self.parts[name].kind.revive(value, f"{path}.{name}")
                for name, value in given.items()
            }
        )

    def parse(self, plain: Json) -> Any:
        """Make the nested value again without its validators."""
        made = object.__new__(self.cls)
        for name, part in self.parts.items():
            inner = plain.get(name)
            if inner is None and not part.optional and name not in plain:
                inner = part.default
            elif inner is not None:
                inner = part.kind.parse(inner)
            object.__setattr__(made, name, inner)
        return made


@attrs.frozen(kw_only=True)
class Documents(JsonKind):
    """Several nested frozen attrs values, kept as a JSON list."""

    item: Document

    def check(self, value: Any, path: str) -> tuple[Any, ...]:
        """Refuse other collections; check each item."""
        if not isinstance(value, tuple | list):
            raise WrongType(
                f"expected several {self.item.cls.__name__}, got {type(value).__name__}", path=path
            )
        if len(value) > MAX_ITEMS:
            raise OutOfRange(f"{len(value)} values, at most {MAX_ITEMS} are kept", path=path)
        return tuple(self.item.check(item, f"{path}[{at}]") for at, item in enumerate(value))

    def revive(self, plain: Json, path: str) -> tuple[Any, ...]:
        """Make each nested value through its own validators."""
        return tuple(self.item.revive(item, f"{path}[{at}]") for at, item in enumerate(plain))

    def plain(self, value: tuple[Any, ...]) -> Json:
        """Keep a list of JSON objects."""
        return [self.item.plain(item) for item in value]

    def parse(self, plain: Json) -> tuple[Any, ...]:
        """Make the tuple again."""
        return tuple(self.item.parse(item) for item in plain)


@attrs.frozen(kw_only=True)
class Part:
    """One field of an entity or of a nested value: its name, kind and default."""

    name: str
    kind: Kind
    optional: bool = False
    default: Any = None

    def check(self, value: Any) -> Any:
        """Return `value` as the domain keeps it, or raise naming this field."""
        if value is None:
            if self.optional:
                return None
            raise WrongType("a value is required", path=self.name, fix="give one")
        return self.kind.check(value, self.name)

    def plain(self, value: Any) -> Json:
        """Turn a checked value, or None, into JSON."""
        return None if value is None else self.kind.plain(value)

    def parse(self, plain: Json) -> Any:
        """Turn stored JSON, or None, back into the value."""
        return None if plain is None else self.kind.parse(plain)


def _with(value: Any, changed: Mapping[str, Any]) -> Any:
    copied = copy(value)
    for name, inner in changed.items():
        object.__setattr__(copied, name, inner)
    return copied
