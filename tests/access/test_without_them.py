"""What a service answers is what it would answer in a store that holds nothing of the others.

Each service is called twice, before and after the records of the other person are wiped out of the
store with all that tells of them. Whatever differs tells that they are there: a figure, a refusal
in other words, a name that is taken.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from crmkit.crm import CRM
from crmkit.ports import Ask
from crmkit.services.log_rows import transaction
from crmkit.storage.memory import MemoryStorage
from tests.access.house import TENANT, House, built
from tests.access.test_leaks import calls, heard, seen_of_own
from tests.services.stopped_clock import Stopped

_RULES: Final = "rules of the tenant choose for everybody, whoever sees them"
_FLOW: Final = "a flow in force is asked for by its code, by everybody who submits"
DIFFERS: Final = {
    "approvals.flows.retire_flow": _FLOW,
    "approvals.flows.revise_flow": _FLOW,
    "approvals.submitting.preview_route": _FLOW,
    "approvals.submitting.propose_record": _FLOW,
    "support.intakes.take_in": _RULES,
    "support.merging.merge_tickets": _RULES,
    "support.merging.split_ticket": _RULES,
    "support.receiving.receive_letter": _RULES,
    "support.sla.review_level": _RULES,
    "support.tickets.open_ticket": _RULES,
    "support.tickets.reopen_ticket": _RULES,
}
"""Services whose answers the other's records change, and why they may."""
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MADE: Final = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{64}\b|<m\.[^>]*>|[A-Za-z0-9+/=]{80,}")


def answers(house: House) -> dict[tuple[str, str, str], str]:
    """Return what every call tells, about the other's records and about one's own."""
    mine, found = seen_of_own(house), {}
    for whose, aims in (("theirs", house.aim), ("own", lambda one: house.aim_at(mine, one))):
        for name, aim in calls(aims):
            text = heard(house, house.guarded, name, aim).text
            found[whose, name, aim.subject] = _plain(house, text)
    return found


def _plain(house: House, text: str) -> str:
    """Leave out what is new in each call: ids, hashes, letters as they travel."""
    both = (*house.own.values(), *house.theirs.values())
    known = {str(one.id) for records in both for one in records}
    same = _ID.sub(lambda match: match[0] if match[0] in known else "new", text)
    return _MADE.sub("made", same)


def wipe_out(house: House) -> int:
    """Delete all that is Zhao's, and all that was written down about it; return how much it was."""
    theirs = {one.id for records in house.theirs.values() for one in records}
    wiped = 0
    with transaction(house.free.storage, TENANT) as session:
        for spec in house.free.registry:
            rows: list[Any] = [row for batch in session.find(spec, Ask()) for row in batch]
            ids = [row.id for row in rows if _is_about(row, theirs, house.zhao.id)]
            session.delete_many(spec, ids)
            wiped += len(ids)
    return wiped


def _is_about(row: Any, theirs: set[Any], owner: Any) -> bool:
    is_theirs = row.id in theirs or getattr(row, "owner_id", None) == owner
    return is_theirs or getattr(row, "record_id", None) in theirs


def test_answers_are_those_of_a_store_without_the_others(tmp_path: Path) -> None:
    """Figures, lists and refusals alike; only the rules of the tenant work for everybody."""
    with CRM(MemoryStorage(), clock=Stopped()) as free:
        house = built(free, "hidden", tmp_path)
        before = answers(house)
        assert wipe_out(house) > 400
        after = answers(house)
    differing = {
        name for (whose, name, of), told in before.items() if after[whose, name, of] != told
    }
    assert differing == set(DIFFERS)
