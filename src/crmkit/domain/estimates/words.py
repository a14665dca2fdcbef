"""The words of an estimate in English and Chinese."""

from enum import StrEnum
from typing import Final, TypeVar, cast

import attrs

from crmkit.errors import InvalidValue

LANGUAGES: Final = ("en", "zh")
E = TypeVar("E", bound=StrEnum)


@attrs.frozen
class Label:
    """One term in English and in Chinese."""

    en: str
    zh: str

    def said(self, language: str) -> str:
        """Return the term in a language."""
        return self.zh if check_language(language) == "zh" else self.en


NO_WORDS: Final = Label("", "")


def check_language(language: str) -> str:
    """Return `en` or `zh`, or raise naming `language`."""
    if language in LANGUAGES:
        return language
    raise InvalidValue(
        f"{language!r} is not a language of estimates", path="language", fix="one of en, zh"
    )


def choose(options: type[E], value: object, path: str) -> E:
    """Return the option that is meant, given as itself or by its name."""
    try:
        return options(cast("str", value))
    except ValueError:
        raise InvalidValue(
            f"{value!r} is not known", path=path, fix=f"one of {', '.join(options)}"
        ) from None
