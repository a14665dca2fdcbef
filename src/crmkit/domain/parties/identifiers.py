"""Identifiers: registered numbers of organisations and persons."""

import attrs


@attrs.frozen(kw_only=True)
class Identifier:
    """A number under a scheme."""

    scheme: str
    value: str
