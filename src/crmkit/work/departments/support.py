"""The collections of support."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.support.article import Article, ArticleUse, ArticleVersion, ArticleVote
from crmkit.domain.support.automation import AutomationRule, Macro
from crmkit.domain.support.complaint import Complaint
from crmkit.domain.support.complaint_rule import ComplaintRule
from crmkit.domain.support.desk import Agent, Queue
from crmkit.domain.support.intake import IntakeForm, IntakeRecord
from crmkit.domain.support.mail.filed import FiledLetter, LetterPart
from crmkit.domain.support.mail.mailbox import MailAddress, Mailbox
from crmkit.domain.support.sla_policy import SlaPolicy
from crmkit.domain.support.statuses import TicketStatus
from crmkit.domain.support.survey import Survey, SurveyResponse
from crmkit.domain.support.ticket import Ticket
from crmkit.domain.support.ticket_record import TicketLink, TicketMoment, TimeEntry
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (
    TicketStatus,
    Queue,
    Agent,
    SlaPolicy,
    Ticket,
    TicketMoment,
    TicketLink,
    TimeEntry,
    Macro,
    AutomationRule,
    ComplaintRule,
    Complaint,
    Survey,
    SurveyResponse,
    Mailbox,
    MailAddress,
    FiledLetter,
    LetterPart,
    IntakeForm,
    IntakeRecord,
    Article,
    ArticleVersion,
    ArticleVote,
    ArticleUse,
)


class SupportRecords(Reaching):
    """The collections of support."""

    @property
    def ticket_statuses(self) -> Collection[TicketStatus]:
        """Return the statuses in the client's own words."""
        return self.of(TicketStatus)

    @property
    def queues(self) -> Collection[Queue]:
        """Return the queues."""
        return self.of(Queue)

    @property
    def agents(self) -> Collection[Agent]:
        """Return the support agents."""
        return self.of(Agent)

    @property
    def sla_policies(self) -> Collection[SlaPolicy]:
        """Return the service level policies."""
        return self.of(SlaPolicy)

    @property
    def tickets(self) -> Collection[Ticket]:
        """Return the tickets."""
        return self.of(Ticket)

    @property
    def ticket_moments(self) -> Collection[TicketMoment]:
        """Return what happened on tickets."""
        return self.of(TicketMoment)

    @property
    def ticket_links(self) -> Collection[TicketLink]:
        """Return the ties between tickets."""
        return self.of(TicketLink)

    @property
    def time_entries(self) -> Collection[TimeEntry]:
        """Return the time that was spent on tickets."""
        return self.of(TimeEntry)

    @property
    def macros(self) -> Collection[Macro]:
        """Return the macros."""
        return self.of(Macro)

    @property
    def automation_rules(self) -> Collection[AutomationRule]:
        """Return the automation rules."""
        return self.of(AutomationRule)

    @property
    def complaint_rules(self) -> Collection[ComplaintRule]:
        """Return the deadlines for complaints."""
        return self.of(ComplaintRule)

    @property
    def complaints(self) -> Collection[Complaint]:
        """Return the complaints."""
        return self.of(Complaint)

    @property
    def surveys(self) -> Collection[Survey]:
        """Return the surveys."""
        return self.of(Survey)

    @property
    def survey_responses(self) -> Collection[SurveyResponse]:
        """Return who was asked in surveys, and what they answered."""
        return self.of(SurveyResponse)

    @property
    def mailboxes(self) -> Collection[Mailbox]:
        """Return the mailboxes that customers write to."""
        return self.of(Mailbox)

    @property
    def mail_addresses(self) -> Collection[MailAddress]:
        """Return how addresses stand: reached or not, and answered by machine lately."""
        return self.of(MailAddress)

    @property
    def filed_letters(self) -> Collection[FiledLetter]:
        """Return the letters that came in or go out."""
        return self.of(FiledLetter)

    @property
    def letter_parts(self) -> Collection[LetterPart]:
        """Return the bytes of letters."""
        return self.of(LetterPart)

    @property
    def intake_forms(self) -> Collection[IntakeForm]:
        """Return the ways in beside mail."""
        return self.of(IntakeForm)

    @property
    def intake_records(self) -> Collection[IntakeRecord]:
        """Return the messages that came in by forms and programs."""
        return self.of(IntakeRecord)

    @property
    def articles(self) -> Collection[Article]:
        """Return the articles."""
        return self.of(Article)

    @property
    def article_versions(self) -> Collection[ArticleVersion]:
        """Return the words of articles at each time."""
        return self.of(ArticleVersion)

    @property
    def article_votes(self) -> Collection[ArticleVote]:
        """Return whether articles helped their readers."""
        return self.of(ArticleVote)

    @property
    def article_uses(self) -> Collection[ArticleUse]:
        """Return the articles beside tickets."""
        return self.of(ArticleUse)
