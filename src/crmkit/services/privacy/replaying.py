"""The erase log: kept outside the store, and replayed when an old backup brought people back."""

import json
from collections.abc import Iterable, Iterator
from typing import TextIO

from crmkit.domain.filters.lowered import All
from crmkit.domain.privacy.audit import AuditKind
from crmkit.domain.privacy.erasure import Erasure
from crmkit.errors import BrokenFile
from crmkit.ports import Action
from crmkit.services.log_rows import rows
from crmkit.services.privacy.erasing import ERASE_PERSON, ERASURE, erase_links
from crmkit.services.privacy.people import persons_in
from crmkit.services.privacy.verifying import verify_erased
from crmkit.work import UnitOfWork
from crmkit.work.auditing import write_down

READ_ERASURES = Action("erasure:read", "Read the erase log", zh="查看删除记录", right=None)


def erasures(work: UnitOfWork) -> list[Erasure]:
    """Return the erase log of the tenant, oldest first; it holds ids and times, no values."""
    work.permit(READ_ERASURES)
    with work.storing() as session:
        return rows(session, ERASURE, All())


def write_erasures(work: UnitOfWork, stream: TextIO) -> int:
    """Write the erase log as lines of JSON, to be kept apart from the backups; return how many."""
    lines = erasures(work)
    stream.writelines(json.dumps(erasure.as_json()) + "\n" for erasure in lines)
    return len(lines)


def read_erasures(stream: Iterable[str]) -> Iterator[Erasure]:
    """Read lines of an erase log, or raise `BrokenFile` naming the line."""
    for number, line in enumerate(stream, 1):
        if line.strip():
            try:
                yield Erasure.from_json(json.loads(line))
            except (ValueError, BrokenFile) as wrong:
                raise BrokenFile(str(wrong), path=f"line {number}") from None


def replay_erasure(work: UnitOfWork, erasure: Erasure) -> bool:
    """Erase again what a restored backup brought back; say whether there was anything.

    Lines of other tenants are left alone, and a person who is blank already is not touched.
    """
    work.permit(ERASE_PERSON)
    if erasure.tenant != work.tenant or not any(f for _s, f in persons_in(work, erasure.links)):
        return False
    if not verify_erased(work, erasure.links):
        return False
    done = erase_links(work, erasure.links)
    told = {"replayed": str(erasure.id), "rows": dict(done.rows)}
    write_down(work, AuditKind.ERASURE, ERASE_PERSON, about=erasure.links, payload=told)
    return True
