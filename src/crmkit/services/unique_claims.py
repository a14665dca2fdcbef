"""Claims: how a custom field becomes unique, or ceases to be, while records have values."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.changes import Claim, claim_value
from crmkit.domain.custom_fields import CustomField
from crmkit.domain.entity import spec_of
from crmkit.domain.filters.lowered import All, Lowered
from crmkit.errors import RuleBroken
from crmkit.ports import BATCH
from crmkit.services.log_rows import among, equals, rows
from crmkit.work import UnitOfWork

CLAIM: Final = spec_of(Claim)


class ValuesNotUnique(RuleBroken):
    """Two live records share a value of the field that is to be unique."""


def claim_all(work: UnitOfWork, field: CustomField) -> None:
    """Let every live record claim its value, or raise `ValuesNotUnique` naming a shared one."""
    for batch in _batches(work, field):
        claims = [_claim(work, field, record) for record in batch]
        _refuse_shared(work, field, claims)
        with work.storing() as session:
            session.insert_many(CLAIM, claims)


def release_all(work: UnitOfWork, field: CustomField) -> None:
    """Let go of all values of a field."""
    with work.storing() as session:
        while held := rows(session, CLAIM, _claims_of(field), limit=BATCH):
            session.delete_many(CLAIM, [claim.id for claim in held])


def _batches(work: UnitOfWork, field: CustomField) -> Iterator[Sequence[Aggregate]]:
    """Bring the live records that have a value, page by page, so that writes fit in between."""
    cls: type[Aggregate] = work.registry[field.entity].cls
    fields = work.where(cls)
    filled = ~fields[f"custom.{field.key}"].is_none()
    page = work.behind(cls).page(filled, order=[fields.id.asc()], size=BATCH)
    while page.items:
        yield page.items
        if page.next is None:
            return
        page = work.behind(cls).page(filled, order=[fields.id.asc()], size=BATCH, after=page.next)


def _claim(work: UnitOfWork, field: CustomField, record: Aggregate) -> Claim:
    return Claim(
        id=work.new_id(),
        tenant=work.tenant,
        entity=field.entity,
        field=field.key,
        value=claim_value(field.part.kind.text(record.custom[field.key])),
        record_id=record.id,
    )


def _refuse_shared(work: UnitOfWork, field: CustomField, claims: Sequence[Claim]) -> None:
    counts = Counter(claim.value for claim in claims)
    with work.storing() as session:
        where = All((_claims_of(field), among(CLAIM, "value", counts)))
        counts.update(claim.value for claim in rows(session, CLAIM, where))
    shared = sorted(value for value, count in counts.items() if count > 1)
    if shared:
        raise ValuesNotUnique(
            f"more than one {field.entity} has {shared[0]!r}",
            path=f"{field.key}.unique",
            fix="give them different values first",
        )


def _claims_of(field: CustomField) -> Lowered:
    return All((equals(CLAIM, "entity", field.entity), equals(CLAIM, "field", field.key)))
