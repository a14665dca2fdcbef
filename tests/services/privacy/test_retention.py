"""Retention: what was kept long enough goes; a dry run tells it, and a run can stop and go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmkit.domain.parties.activity import Activity
from crmkit.domain.parties.contact import Contact
from crmkit.domain.privacy.audit import AuditEntry, AuditKind
from crmkit.domain.privacy.blanking import ERASED
from crmkit.domain.privacy.erasure import LEGAL_HOLD
from crmkit.domain.privacy.terms import Ending, Retention
from crmkit.errors import NotPermitted, UnknownField
from crmkit.services import parties
from crmkit.services.history import history
from crmkit.services.privacy.retention import Due, plan_retention, run_retention
from crmkit.services.privacy.verifying import verify_erased
from crmkit.testing.storage.harness import Place

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DAY = Retention(days=1, after="deleted_at")


def removed_long_ago(place: Place, *names: str, **fields: Any) -> list[Contact]:
    """Add contacts that were removed years ago."""
    made = []
    for name in names:
        with place.work() as work:
            contact = parties.add_contact(work, name, **fields)
            made.append(work.contacts.save(contact.evolve(deleted_at=LONG_AGO)))
    return made


def run(place: Place, **options: Any) -> tuple[Due, ...]:
    """Run the retention of a tenant."""
    return run_retention(place.crm, by="li", tenant=place.tenant, **options)


def plan(place: Place, **options: Any) -> tuple[Due, ...]:
    """Say what a run would do."""
    with place.work(read_only=True) as work:
        return plan_retention(work, **options)


def test_what_was_kept_long_enough_is_erased(place: Place) -> None:
    """People who were removed long ago are erased with their history; others stay."""
    old = removed_long_ago(place, "Zykanara", "Zykanton", notes="canarynote")
    with place.work() as work:
        lately = parties.add_contact(work, "Lately")
        lately = work.contacts.remove(lately)
        live = parties.add_contact(work, "Live")
    assert plan(place) == (Due(entity="contact", then=Ending.ERASE_PERSON, records=2),)
    assert place.read(old[0]).name == "Zykanara"
    assert run(place, size=1) == (Due(entity="contact", then=Ending.ERASE_PERSON, records=2),)
    assert [place.read(one).name for one in old] == [ERASED, ERASED]
    assert (place.read(lately).name, place.read(live).name) == ("Lately", "Live")
    assert plan(place) == run(place) == ()
    with place.work() as work:
        assert verify_erased(work, (), ["Zykanara", "Zykanton", "canarynote"]) == ()


def test_each_work_of_a_run_is_audited(near: Place) -> None:
    """One entry per work says which records, and what became of them."""
    removed_long_ago(near, "a", "b", "c")
    run(near, size=2)
    entries = [one for one in near.rows(AuditEntry) if one.kind is AuditKind.RETENTION]
    assert [entry.payload.value["records"] for entry in entries] == [2, 1]
    assert sum(len(entry.subjects) for entry in entries) == 3


def test_a_run_that_stopped_goes_on(near: Place) -> None:
    """What one work did is done; started again, the run finds the rest."""
    people = removed_long_ago(near, *"abcde")

    class Stopped(Exception):
        """The machine was switched off."""

    class StopsAfterTwo:
        registry = near.crm.registry
        works = 0

        def run(self, service: Any, *args: Any, **marks: Any) -> Any:
            self.works += 1
            if self.works > 2:
                raise Stopped
            return near.crm.run(service, *args, **marks)

    policy = {"contact": DAY}
    with pytest.raises(Stopped):
        run_retention(StopsAfterTwo(), by="li", tenant=near.tenant, policy=policy, size=2)
    left = sum(near.read(one).name != ERASED for one in people)
    assert 0 < left <= 5
    assert sum(due.records for due in run(near, policy=policy, size=2)) == left
    assert all(near.read(one).name == ERASED for one in people)


def test_of_a_record_about_people_the_personal_fields_go(place: Place) -> None:
    """An old activity stays for the figures, without subject and body, also in its history."""
    with place.work() as work:
        firm = parties.register_customer(work, "鲁西科技")
        task = parties.follow_up(work, firm, "canarysubject")
        done = work.activities.save(task.complete(at=LONG_AGO))
        open_one = parties.follow_up(work, firm, "still open")
    assert run(place) == (Due(entity="activity", then=Ending.ERASE_PERSON, records=1),)
    blank = place.read(done)
    assert (blank.subject, blank.done_at, blank.links) == (ERASED, LONG_AGO, done.links)
    assert place.read(open_one).subject == "still open"
    with place.work() as work:
        assert verify_erased(work, (), ["canarysubject"]) == ()


def test_what_ends_is_deleted_with_its_history(place: Place) -> None:
    """By a policy of the tenant's own, records go whole."""
    policy = {"activity": Retention(days=1, after="done_at", then=Ending.DELETE)}
    with place.work() as work:
        firm = parties.register_customer(work, "鲁西科技")
        task = parties.follow_up(work, firm, "gone soon")
        work.activities.save(task.complete(at=LONG_AGO))
    assert plan(place, policy=policy)[0].then is Ending.DELETE
    assert run(place, policy=policy)[0].records == 1
    with place.work() as work:
        assert work.of(Activity).find(removed=True) == []
        assert len(history(work, firm)) == 1


def test_a_held_record_stays(near: Place) -> None:
    """What carries the tag legal-hold is neither counted nor erased; others of the batch are."""
    [held] = removed_long_ago(near, "Held", tags=(LEGAL_HOLD,))
    [free] = removed_long_ago(near, "Free")
    assert plan(near)[0].records == 1
    assert run(near)[0].records == 1
    assert (near.read(held).name, near.read(free).name) == ("Held", ERASED)


def test_an_organisation_has_nothing_to_erase(near: Place) -> None:
    """A removed firm is no person and stays as it is."""
    with near.work() as work:
        firm = parties.register_customer(work, "鲁西科技")
        work.customers.save(firm.evolve(deleted_at=LONG_AGO))
    assert plan(near) == run(near) == ()


def test_a_policy_names_fields_that_are_there(near: Place) -> None:
    """A retention after an unknown field is refused by name."""
    policy = {"contact": Retention(days=1, after="gone_at")}
    with pytest.raises(UnknownField):
        run(near, policy=policy)


def test_who_may_not_run_it_erases_nothing(near: Place) -> None:
    """Plan and run need the permission of that name."""
    [old] = removed_long_ago(near, "Old")
    with pytest.raises(NotPermitted):
        run_retention(near.crm, by="nobody", tenant=near.tenant)
    with pytest.raises(NotPermitted), near.work(by="nobody") as work:
        plan_retention(work)
    assert near.read(old).name == "Old"


def test_a_time_that_is_not_over_keeps_the_record(near: Place) -> None:
    """The day before the time is over nothing happens, the day after it does."""
    [old] = removed_long_ago(near, "Old")
    age = near.crm.clock.now() - LONG_AGO
    keep = {"contact": Retention(days=(age + timedelta(days=1)).days, after="deleted_at")}
    end = {"contact": Retention(days=(age - timedelta(days=1)).days, after="deleted_at")}
    assert run(near, policy=keep) == ()
    assert run(near, policy=end)[0].records == 1
    assert near.read(old).name == ERASED
