"""Users: the people who own records."""

from typing import Annotated

import attrs

from crmkit.domain.aggregate import Aggregate, UserId
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import STAFF, LegalBasis, Retention


@keeps(
    personal=("name", "login", "email"),
    about=("id",),
    purpose=STAFF,
    basis=LegalBasis.EMPLOYMENT,
    retention=Retention(days=365, after="deleted_at"),
)
@entity(
    "user",
    unique=[Unique("login")],
    indexes=[Index("manager_id")],
    labels={"en": "User", "zh": "用户"},
)
@attrs.frozen(kw_only=True)
class User(Aggregate):
    """A person who works with the CRM; `unit` is the office or department."""

    id: UserId
    name: Annotated[str, Text(max_length=200, searchable=True)]
    login: Annotated[str, Text(max_length=200)] | None = None
    email: Annotated[str, Text(max_length=320)] | None = None
    manager_id: UserId | None = None
    unit: Annotated[str, Text(max_length=200)] | None = None
