"""What is said of a complaint: how it came, how grave it is, who is right, what was done."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import attrs

from crmkit.domain.aggregate import UserId
from crmkit.domain.kinds import Text


class ReceivedVia(StrEnum):
    """How a complaint came in."""

    PHONE = "phone"
    MAIL = "mail"
    LETTER = "letter"
    IN_PERSON = "in_person"
    CHAT = "chat"
    WEB = "web"
    SOCIAL = "social"
    AUTHORITY = "authority"
    """Passed on by a public body, such as 12315 in China."""


class Severity(StrEnum):
    """How much harm there is or may be."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Complexity(StrEnum):
    """How much there is to find out."""

    SIMPLE = "simple"
    COMPLEX = "complex"


class Decision(StrEnum):
    """Whether the complainant is right."""

    UPHELD = "upheld"
    PARTLY = "partly"
    NOT_UPHELD = "not_upheld"


@attrs.frozen(kw_only=True)
class Containment:
    """What was done at once so that nothing more happens, before anybody knew why."""

    action: Annotated[str, Text(max_length=500)]
    taken_at: datetime
    taken_by_id: UserId | None = None
