"""The terms of data protection: classes of data, legal bases, purposes, how long and what then.

GDPR is Regulation (EU) 2016/679; PIPL is 《中华人民共和国个人信息保护法》 of 2021.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

import attrs

from crmkit.errors import OutOfRange

ENGLISH: Final = "en"
CHINESE: Final = "zh"


class DataClass(StrEnum):
    """How much a value says about a person, from nothing to what may harm them."""

    PLAIN = "plain"
    FINANCIAL = "financial"
    """Amounts, prices and terms: kept for the books when the person is erased."""
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    """敏感个人信息, of which PIPL 28-32 asks a separate consent and an assessment."""

    @property
    def is_of_person(self) -> bool:
        """Say whether it is erased with the person."""
        return self in (DataClass.PERSONAL, DataClass.SENSITIVE)


class LegalBasis(StrEnum):
    """What makes the processing lawful."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    LEGITIMATE_INTEREST = "legitimate_interest"
    EMPLOYMENT = "employment"


class Ending(StrEnum):
    """What becomes of a record when its time is over."""

    ERASE_PERSON = "erase_person"
    """The fields about the person go; the record and its figures stay."""
    DELETE = "delete"
    """The record goes with its history."""


@attrs.frozen
class Articles:
    """Where the two laws say so; an empty text when one of them does not know it."""

    gdpr: str
    pipl: str


ARTICLES: Final[Mapping[LegalBasis, Articles]] = {
    LegalBasis.CONSENT: Articles("GDPR 6(1)(a)", "PIPL 13(1)"),
    LegalBasis.CONTRACT: Articles("GDPR 6(1)(b)", "PIPL 13(2)"),
    LegalBasis.LEGAL_DUTY: Articles("GDPR 6(1)(c)", "PIPL 13(3)"),
    LegalBasis.LEGITIMATE_INTEREST: Articles("GDPR 6(1)(f)", ""),
    LegalBasis.EMPLOYMENT: Articles("GDPR 6(1)(b), 88", "PIPL 13(2)"),
}
"""A legitimate interest is no basis under PIPL: where that law applies, consent is needed."""


@attrs.frozen
class Purpose:
    """What data is kept for, in English and Chinese."""

    en: str
    zh: str

    def label(self, language: str) -> str:
        """Name it in a language, in English when it is not Chinese."""
        return self.zh if language == CHINESE else self.en


CUSTOMER_CARE: Final = Purpose("winning and serving customers", "开发与服务客户")
SALES: Final = Purpose("offering and selling", "报价与销售")
STAFF: Final = Purpose("running the CRM for its staff", "员工使用本系统")
RECORD_KEEPING: Final = Purpose("showing what was done", "留存操作记录")


@attrs.frozen(kw_only=True)
class Retention:
    """How long a record is kept after an instant of its own, and what then."""

    days: int
    after: str = "updated_at"
    then: Ending = Ending.ERASE_PERSON

    def __attrs_post_init__(self) -> None:
        """Refuse a span that is none."""
        if self.days < 1:
            raise OutOfRange("data is kept for a day at least", path="retention.days")

    @property
    def span(self) -> timedelta:
        """Return the time for which it is kept."""
        return timedelta(days=self.days)
