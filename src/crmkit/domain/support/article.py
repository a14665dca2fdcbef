"""Articles: what support knows, written in versions, reviewed by others, in several languages."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, NewType, Self
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate, Event
from crmkit.domain.entity import Index, Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps
from crmkit.domain.privacy.terms import STAFF, LegalBasis, Retention
from crmkit.domain.support.refusals import NoSuchArticleStep, NotIndependent
from crmkit.domain.support.ticket_events import TicketId
from crmkit.errors import InvalidValue

ArticleId = NewType("ArticleId", UUID)
ArticleVersionId = NewType("ArticleVersionId", UUID)
ArticleVoteId = NewType("ArticleVoteId", UUID)
ArticleUseId = NewType("ArticleUseId", UUID)
Name = Annotated[str, Text(max_length=100)]
Title = Annotated[str, Text(max_length=300, searchable=True)]
Body = Annotated[str, Text(max_length=100_000)]
Who = Annotated[str, Text(max_length=200)]


class ArticleState(StrEnum):
    """How the latest version of an article stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Audience(StrEnum):
    """Who may read what is published."""

    PUBLIC = "public"
    CUSTOMERS = "customers"
    INTERNAL = "internal"

    @property
    def reads(self) -> tuple["Audience", ...]:
        """Return the audiences whose articles somebody of this one may read."""
        return _READS[self]


_READS: Final[Mapping[Audience, tuple[Audience, ...]]] = {
    Audience.PUBLIC: (Audience.PUBLIC,),
    Audience.CUSTOMERS: (Audience.PUBLIC, Audience.CUSTOMERS),
    Audience.INTERNAL: (Audience.PUBLIC, Audience.CUSTOMERS, Audience.INTERNAL),
}


@attrs.frozen(kw_only=True)
class ArticlePublished(Event):
    """A version of an article can be read."""

    article_id: ArticleId
    number: int


@attrs.frozen(kw_only=True)
class ArticleArchived(Event):
    """An article cannot be read any more."""

    article_id: ArticleId


@keeps()
@entity(
    "article",
    unique=[Unique(("key", "locale"))],
    indexes=[Index(("state", "review_by")), Index("category"), Index("source_id")],
    labels={"en": "Article", "zh": "知识文章"},
    events=(ArticlePublished, ArticleArchived),
)
@attrs.frozen(kw_only=True)
class Article(Aggregate):
    """A piece of knowledge in one language; `title` and `body` are what is published.

    `number` is the latest version, `published` the one that can be read. A translation leads to its
    source and to the version of it that it renders; it is stale once the source has moved on.
    """

    id: ArticleId
    key: Name
    locale: Annotated[str, Text(max_length=35)]
    title: Title = ""
    body: Annotated[str, Text(max_length=100_000, searchable=True)] = ""
    audience: Audience = Audience.INTERNAL
    category: Name | None = None
    state: ArticleState = ArticleState.DRAFT
    number: int = 0
    published: int | None = None
    published_at: datetime | None = None
    review_by: date | None = None
    source_id: ArticleId | None = None
    source_number: int | None = None
    is_stale: bool = False

    def revise(self, *, source_number: int | None = None) -> Self:
        """Have one more version, a draft; what is published can be read until that is."""
        if self.state is ArticleState.IN_REVIEW:
            raise NoSuchArticleStep("is in review", path="article.state", fix="decide on it first")
        rendered = self.source_number if source_number is None else source_number
        return self.evolve(number=self.number + 1, state=ArticleState.DRAFT, source_number=rendered)

    def submit(self) -> Self:
        """Wait for somebody else to read the draft."""
        self._must_be(ArticleState.DRAFT)
        return self.evolve(state=ArticleState.IN_REVIEW)

    def publish(
        self,
        version: "ArticleVersion",
        *,
        by: str,
        at: datetime,
        review_by: date,
        source: Self | None = None,
    ) -> Self:
        """Let the version in review be read, because somebody else than its author says so."""
        self._must_be(ArticleState.IN_REVIEW)
        version.must_be_others(by)
        if review_by <= at.date():
            raise InvalidValue("lies ahead", path="article.review_by", fix="name a later day")
        return self.evolve(
            state=ArticleState.PUBLISHED,
            title=version.title,
            body=version.body,
            published=version.number,
            published_at=at,
            review_by=review_by,
            is_stale=source is not None and source.published != self.source_number,
        ).recording(ArticlePublished(article_id=self.id, number=version.number))

    def send_back(self, version: "ArticleVersion", *, by: str) -> Self:
        """Be a draft again, because somebody else than its author does not agree."""
        self._must_be(ArticleState.IN_REVIEW)
        version.must_be_others(by)
        return self.evolve(state=ArticleState.DRAFT)

    def confirm(self, *, by: date, today: date) -> Self:
        """Stay as it is, until another day of review."""
        self._must_be(ArticleState.PUBLISHED)
        if by <= today:
            raise InvalidValue("lies ahead", path="article.review_by", fix="name a later day")
        return self.evolve(review_by=by)

    def archive(self) -> Self:
        """Be read no more; its versions stay."""
        if self.state is ArticleState.ARCHIVED:
            return self
        return self.evolve(state=ArticleState.ARCHIVED, published=None).recording(
            ArticleArchived(article_id=self.id)
        )

    def grow_stale(self, source: Self) -> Self:
        """Be marked where the source has another version now than the one rendered here."""
        return self.evolve(is_stale=source.published != self.source_number)

    def readable(self) -> int:
        """Return the number that can be read, or raise `NoSuchArticleStep`."""
        if self.published is None:
            raise NoSuchArticleStep(
                "is not published", path="article.published", fix="publish it first"
            )
        return self.published

    def _must_be(self, state: ArticleState) -> None:
        if self.state is not state:
            raise NoSuchArticleStep(
                f"is {self.state}, not {state}", path="article.state", fix="revise or submit it"
            )


@keeps(
    personal=("written_by", "reviewed_by"),
    purpose=STAFF,
    basis=LegalBasis.EMPLOYMENT,
    retention=Retention(days=10 * 365, after="created_at"),
)
@entity(
    "article_version",
    unique=[Unique(("article_id", "number"))],
    labels={"en": "Article version", "zh": "文章版本"},
)
@attrs.frozen(kw_only=True)
class ArticleVersion(Aggregate):
    """The words of an article at one time; they never change, only what the reviewer said is added.

    `reviewed_by` and `remark` are of whoever published it or sent it back.
    """

    id: ArticleVersionId
    article_id: ArticleId
    number: int
    title: Title
    body: Body
    written_by: Who
    reviewed_by: Who | None = None
    remark: Annotated[str, Text(max_length=2000)] | None = None

    def check_step(self, before: Any) -> None:
        """Refuse other words under the same number."""
        same = ("article_id", "number", "title", "body")
        if before is not None and any(getattr(before, one) != getattr(self, one) for one in same):
            raise NoSuchArticleStep(
                "a version never changes", path="article_version.body", fix="revise the article"
            )

    def must_be_others(self, reader: str) -> None:
        """Refuse a review by the author."""
        if reader == self.written_by:
            raise NotIndependent(
                "is reviewed by somebody else than its author", path="article_version.reviewed_by"
            )

    def reviewed(self, by: str, remark: str | None) -> Self:
        """Keep who read it, and what they said."""
        return self.evolve(reviewed_by=by, remark=remark)


@keeps(
    personal=("voter", "comment"),
    purpose=STAFF,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    retention=Retention(days=2 * 365, after="created_at"),
)
@entity(
    "article_vote",
    unique=[Unique(("article_id", "number", "voter"))],
    labels={"en": "Article vote", "zh": "文章评价"},
)
@attrs.frozen(kw_only=True)
class ArticleVote(Aggregate):
    """Whether a version helped one reader, and what they said; `voter` tells readers apart."""

    id: ArticleVoteId
    article_id: ArticleId
    number: int
    voter: Who
    is_helpful: bool
    comment: Annotated[str, Text(max_length=2000)] | None = None


class UseKind(StrEnum):
    """What an article had to do with a ticket."""

    SUGGESTED = "suggested"
    ANSWERED = "answered"


@keeps()
@entity(
    "article_use",
    unique=[Unique(("article_id", "ticket_id"))],
    indexes=[Index("ticket_id")],
    labels={"en": "Article use", "zh": "文章引用"},
)
@attrs.frozen(kw_only=True)
class ArticleUse(Aggregate):
    """An article beside a ticket, at the version that could be read then."""

    id: ArticleUseId
    article_id: ArticleId
    ticket_id: TicketId
    number: int
    kind: UseKind
