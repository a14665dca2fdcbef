"""Mail and articles where a policy decides: jobs receive, support answers, others see nothing."""

from collections.abc import Iterator

import attrs
import pytest

from crmkit.crm import CRM
from crmkit.domain.access.role_sets import STANDARD
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.support.article import Audience
from crmkit.domain.support.mail.filed import FiledLetter, LetterState
from crmkit.domain.support.mail.mailbox import Mailbox
from crmkit.domain.support.mail.marks import Marks
from crmkit.errors import NotFound, NotPermitted
from crmkit.plugins.integrations.smtp import Answers, fetch_letter, note_answers
from crmkit.ports import Actor
from crmkit.services.access import apply_policy
from crmkit.services.support import articles, filing, mailboxes, receiving, sending
from crmkit.work import UnitOfWork
from crmkit.work.policies import Policies

MARKS = Marks(secret=bytes(32), tenant="acme")
JOB = Actor(id="mail", roles=frozenset({"system"}))
RAW = b"From: wang@c.example\nMessage-ID: <1@c>\nSubject: help\n\nit stands still"


@attrs.frozen
class House:
    """A CRM where the standard policy decides, its mailbox, an agent and a salesperson."""

    crm: CRM
    box: Mailbox
    agent: str
    seller: str

    def work(self, by: Actor | str) -> UnitOfWork:
        """Open a work of somebody."""
        return self.crm.work(by=by, tenant="acme")

    def received(self) -> FiledLetter:
        """Let the job take in a letter."""
        with self.work(JOB) as unit:
            return receiving.receive_letter(unit, RAW, self.box.id, marks=MARKS)


@pytest.fixture
def house(near_url: str) -> Iterator[House]:
    """Give the house on memory and SQLite."""
    with CRM.open(near_url, plugin_names=()) as free:
        free.schema.apply()
        with free.work(by="setup", tenant="acme") as unit:
            apply_policy(unit, STANDARD)
            box = mailboxes.define_mailbox(unit, "help@a.example", acknowledgement="收到了")
            agent, seller = (
                unit.users.add(User(id=UserId(unit.new_id()), name=name, roles=(name,)))
                for name in ("support", "salesperson")
            )
        guarded = CRM(free.storage, plugins=free.plugins, access=Policies())
        yield House(guarded, box, str(agent.id), str(seller.id))


def test_a_job_receives_and_sends_and_support_answers(house: House) -> None:
    """The role of jobs is enough to take in, acknowledge and send; that of support to answer."""
    came = house.received()
    assert (came.state, came.against) == (LetterState.OPENED, ())
    with house.work(house.agent) as unit:
        assert came.ticket_id is not None
        more = {"mailbox_id": house.box.id, "marks": MARKS}
        sent = sending.reply_by_mail(unit, came.ticket_id, "tomorrow", **more)
    with house.work(JOB) as unit:
        letter, _raw = fetch_letter(unit, sent.id)
        note_answers(unit, sent.id, Answers(accepted=letter.waiting))
    with house.work(house.agent) as unit:
        assert unit.filed_letters.get(sent.id).state is LetterState.SENT
        assert filing.raw_letter(unit, came.id) == RAW


def test_others_see_no_letter_and_take_none_in(house: House) -> None:
    """For somebody without the role the letter is not there, and nothing is received or written."""
    came = house.received()
    with house.work(house.seller) as unit, pytest.raises(NotFound):
        filing.raw_letter(unit, came.id)
    with house.work(house.seller) as unit:
        assert filing.unfiled_letters(unit) == []
    with house.work(house.seller) as unit, pytest.raises((NotFound, NotPermitted)):
        receiving.receive_letter(unit, RAW, house.box.id, marks=MARKS)


def test_internal_articles_need_a_permission(house: House) -> None:
    """Support searches them; others may not even ask."""
    with house.work(house.agent) as unit:
        articles.write_article(unit, "seal", "en", title="Seal", body="x")
        assert articles.search_articles(unit, "seal", audience=Audience.INTERNAL) == []
    for audience in (Audience.INTERNAL, Audience.CUSTOMERS):
        with house.work(house.seller) as unit, pytest.raises(NotPermitted):
            articles.search_articles(unit, "seal", audience=audience)
