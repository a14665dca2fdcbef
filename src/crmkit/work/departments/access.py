"""The collections of those who work with the CRM."""

from crmkit.domain.access.policy import Policy
from crmkit.domain.access.share import Share
from crmkit.domain.access.team import Team
from crmkit.domain.access.unit import Unit
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import Aggregate
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Unit, Team, User, Policy, Share)


class AccessRecords(Reaching):
    """The collections of those who work with the CRM."""

    @property
    def users(self) -> Collection[User]:
        """Return the users."""
        return self.of(User)

    @property
    def teams(self) -> Collection[Team]:
        """Return the teams."""
        return self.of(Team)

    @property
    def units(self) -> Collection[Unit]:
        """Return the offices and departments."""
        return self.of(Unit)

    @property
    def policies(self) -> Collection[Policy]:
        """Return the policy; there is one live record."""
        return self.of(Policy)

    @property
    def shares(self) -> Collection[Share]:
        """Return the shares."""
        return self.of(Share)
