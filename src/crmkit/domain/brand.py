"""Brands: how a company shows itself on paper; colours that can be read."""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from crmkit.errors import InvalidValue

LEAST_CONTRAST: Final = 4.5
"""Of text on white: WCAG 2.2, success criterion 1.4.3."""
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


@attrs.frozen(kw_only=True)
class Brand:
    """A company's names by language, its colour, logo and the lines of its letterhead.

    `logo` is an image as a data URI or an address; `colour` is as CSS writes it, such as #1f4e79.
    `bank` is printed where payment is asked for.
    """

    names: Mapping[str, str]
    colour: str = "#1f4e79"
    logo: str = ""
    lines: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    bank: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse a brand without a name, and a colour that nobody could read on white."""
        if not self.names:
            raise InvalidValue("has no name", path="brand.names", fix='such as {"zh": "鲁机"}')
        if not _COLOUR.fullmatch(self.colour):
            raise InvalidValue(
                f"{self.colour!r} is not a colour", path="brand.colour", fix="such as #1f4e79"
            )
        if self.contrast < LEAST_CONTRAST:
            raise InvalidValue(
                f"{self.colour} on white has a contrast of {self.contrast:.1f}",
                path="brand.colour",
                fix=f"take a darker one, of {LEAST_CONTRAST} at least",
            )

    @property
    def contrast(self) -> float:
        """Return the contrast of the colour on white, from 1 to 21 (WCAG 2.2)."""
        parts = [int(self.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)

    def name(self, language: str) -> str:
        """Name the company in a language, in any when it has none in this."""
        return self.names.get(language) or next(iter(self.names.values()))

    def lines_in(self, language: str) -> tuple[str, ...]:
        """Return the letterhead in a language, in any when it has none in this."""
        return _in(self.lines, language)

    def bank_in(self, language: str) -> tuple[str, ...]:
        """Return where to pay, in a language, in any when it has none in this."""
        return _in(self.bank, language)


def _in(lines: Mapping[str, tuple[str, ...]], language: str) -> tuple[str, ...]:
    return lines.get(language) or next(iter(lines.values()), ())
