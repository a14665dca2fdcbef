"""What a service answers is what it would answer in a store that holds nothing of the others.

Each service is called twice, before and after the records of the other person are wiped out of the
store with all that tells of them. Whatever differs tells that they are there: a figure, a refusal
in other words, a name that is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from crmkit.crm import CRM
from crmkit.ports import Ask
from crmkit.services.log_rows import transaction
from tests.access.calling import arguments
from tests.access.house import SECRET, TENANT, House, built, secrets
from tests.access.stores import NEAR
from tests.access.test_leaks import calls, heard_with, seen_of_own
from tests.services.stopped_clock import Stopped

Arguments = tuple[list[Any], dict[str, Any]]
_RULES: Final = "rules of the tenant choose for everybody, whoever sees them"
_FLOW: Final = "a flow in force is asked for by its code, by everybody who submits"
DIFFERS: Final = {
    "approvals.flows.retire_flow": _FLOW,
    "approvals.flows.revise_flow": _FLOW,
    "approvals.submitting.preview_route": _FLOW,
    "approvals.submitting.propose_change": _FLOW,
    "approvals.submitting.propose_record": _FLOW,
    "approvals.submitting.submit_for_approval": _FLOW,
    "approvals.submitting.submit_removal": _FLOW,
    "leads.assigning.assign_by_rule": _RULES,
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
    for name, theirs in calls(house.aim):
        own = house.aim_at(mine, theirs.subject)
        sets = {"theirs": arguments(name, theirs), "own": arguments(name, own)}
        for whose, asked_with in {**sets, **mixed(sets["own"], sets["theirs"])}.items():
            heard = heard_with(house, house.guarded, name, asked_with)
            assert heard.of(secrets(SECRET)) - heard.of([SECRET]) == set(), (whose, name)
            found[whose, name, theirs.subject] = _plain(house, heard.text)
    return found


def mixed(own: Arguments, theirs: Arguments) -> dict[str, Arguments]:
    """Return arguments of which some are one's own: all but the first, or only the first."""
    if len(own[0]) + len(own[1]) < 2:
        return {}
    first = own[0][:1] or list(own[1].items())[:1]
    if own[0]:
        return {
            "own first": ([*first, *theirs[0][1:]], theirs[1]),
            "own rest": ([*theirs[0][:1], *own[0][1:]], own[1]),
        }
    return {"own first": ([], {**theirs[1], **dict(first)})}


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


@pytest.mark.parametrize("near_url", NEAR, indirect=True)
def test_answers_are_those_of_a_store_without_the_others(
    near_url: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Figures, lists and refusals alike; only the rules of the tenant work for everybody."""
    with CRM.open(near_url, clock=Stopped()) as free:
        free.schema.apply()
        house = built(free, "hidden", tmp_path)
        before = answers(house)
        assert wipe_out(house) > 400
        after = answers(house)
    differing = {
        name for (whose, name, of), told in before.items() if after[whose, name, of] != told
    }
    figure(f"answers as in a store without the others: {len(before)} calls, some of mixed records")
    assert differing == set(DIFFERS)
