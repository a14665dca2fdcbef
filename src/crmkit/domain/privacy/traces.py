"""Traces of a person: the values that lead to them, found in texts and taken out of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import attrs

from crmkit.domain.kinds import Json
from crmkit.domain.parties.contact_keys import account_key, email_key, phone_key, website_key
from crmkit.domain.privacy.blanking import ERASED
from crmkit.domain.text import search_key
from crmkit.errors import InvalidValue

_COMMON: Final = frozenset(
    {"country", "region", "city", "district", "kind", "label", "scheme", "salutation", "language"}
)
"""Fields whose values many people share."""
_KEYS: Final[tuple[Callable[[str], str], ...]] = (email_key, phone_key, website_key, account_key)
_BETWEEN_DIGITS: Final = re.compile(r"(?<=\d)[\s()./·-]+(?=\d)")
_DIGITS: Final = re.compile(r"\d{6,}")
_SHORTEST_ASCII: Final = 4
_SHORTEST_OTHER: Final = 2


def _folded(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in map(search_key, texts) if _tells(text))


@attrs.frozen(slots=False)
class Traces:
    """Folded texts that lead to one person; `strong` ones lead to nobody else.

    A name is weak, as others have it too; a phone number, an e-mail address, a registered number
    and an account are strong. Texts of fewer than four letters, two where they are not Latin, are
    no traces.
    """

    weak: frozenset[str] = attrs.field(default=frozenset(), converter=_folded)
    strong: frozenset[str] = attrs.field(default=frozenset(), converter=_folded)

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Traces":
        """Take texts as people write them; each is looked for as it is and by its keys."""
        weak: set[str] = set()
        strong: set[str] = set()
        for text in texts:
            found = _ways_to_write(text)
            (strong if _is_strong(text) else weak).update(found)
        return cls(weak, strong)

    def joined(self, other: "Traces") -> "Traces":
        """Return both together."""
        return Traces(self.weak | other.weak, self.strong | other.strong)

    @property
    def only_strong(self) -> "Traces":
        """Return those that lead to nobody else."""
        return Traces(frozenset(), self.strong)

    def are_in(self, text: str) -> bool:
        """Say whether a text holds one of them, folded, with or without signs between digits."""
        if self._pattern is None:
            return False
        folded = search_key(text)
        closed = _BETWEEN_DIGITS.sub("", folded)
        return bool(self._pattern.search(folded) or self._pattern.search(closed))

    def are_in_json(self, plain: Json) -> bool:
        """Say whether any text within JSON holds one of them."""
        return any(self.are_in(text) for _path, text in texts_in(plain))

    def taken_out(self, text: str) -> str:
        """Return a text without them; all of it goes where they cannot be cut out."""
        if self._pattern is None or not self.are_in(text):
            return text
        cut = self._pattern.sub(ERASED, text)
        return ERASED if self.are_in(cut) else cut

    def taken_out_of_json(self, plain: Json) -> Json:
        """Return JSON whose texts are without them; names of fields stay as they are."""
        match plain:
            case str():
                return self.taken_out(plain)
            case list():
                return [self.taken_out_of_json(item) for item in plain]
            case dict():
                return {name: self.taken_out_of_json(value) for name, value in plain.items()}
            case _:
                return plain

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        texts = sorted(self.weak | self.strong, key=lambda text: (-len(text), text))
        if not texts:
            return None
        return re.compile("|".join(_bounded(text) for text in texts), re.IGNORECASE)


def traces_in(plain: Mapping[str, Json], fields: Iterable[str]) -> Traces:
    """Return the traces in some fields of a record or a change, as plain JSON."""
    texts = (text for name in fields if name not in _COMMON for text in _own(plain.get(name)))
    return Traces.of(texts)


def texts_in(plain: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Bring every text within JSON with the place at which it stands."""
    match plain:
        case str():
            yield path, plain
        case list():
            for at, item in enumerate(plain):
                yield from texts_in(item, f"{path}[{at}]")
        case dict():
            for name, value in plain.items():
                yield from texts_in(value, f"{path}.{name}" if path else name)
        case _:
            return


def _own(plain: Json) -> Iterator[str]:
    """Bring the texts of a field, but for those that many people share."""
    match plain:
        case str():
            yield plain
        case list():
            for item in plain:
                yield from _own(item)
        case dict():
            for name, value in plain.items():
                if name.partition(":")[0] not in _COMMON:
                    yield from _own(value)
        case _:
            return


def _ways_to_write(text: str) -> set[str]:
    ways = {text.strip()}
    for key_of in _KEYS:
        try:
            ways.add(key_of(text))
        except InvalidValue:
            continue
    digits = re.sub(r"\D", "", search_key(text))
    if _is_number(text):
        ways |= {digits, digits.removeprefix("86"), *(way.removeprefix("+") for way in tuple(ways))}
    return ways


def _is_strong(text: str) -> bool:
    return "@" in text or _is_number(text) or _DIGITS.search(text) is not None


def _is_number(text: str) -> bool:
    closed = _BETWEEN_DIGITS.sub("", search_key(text)).lstrip("+(")
    return len(closed) > _SHORTEST_ASCII and closed.isdecimal()


def _tells(folded: str) -> bool:
    shortest = _SHORTEST_ASCII if folded.isascii() else _SHORTEST_OTHER
    return len(folded) >= shortest and folded != search_key(ERASED)


def _bounded(text: str) -> str:
    """Let Latin letters and digits end where the trace ends: Ann is not in Annual."""
    left = r"(?<![0-9a-z])" if _is_ascii_word(text[0]) else ""
    right = r"(?![0-9a-z])" if _is_ascii_word(text[-1]) else ""
    return left + re.escape(text) + right


def _is_ascii_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def plain_row(parts: Mapping[str, Any], row: Any) -> dict[str, Json]:
    """Return all fields of a row of any kind as plain JSON."""
    return {name: part.plain(getattr(row, name)) for name, part in parts.items()}
