"""Teams: people who work on the same records, wherever they stand in the organisation."""

from typing import Annotated, NewType
from uuid import UUID

import attrs

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.entity import Unique, entity
from crmkit.domain.kinds import Text
from crmkit.domain.privacy.keeping import keeps

TeamId = NewType("TeamId", UUID)


@keeps()
@entity("team", unique=[Unique("name")], labels={"en": "Team", "zh": "团队"})
@attrs.frozen(kw_only=True)
class Team(Aggregate):
    """People who work on the same records; the users say to which teams they belong."""

    id: TeamId
    name: Annotated[str, Text(max_length=200, searchable=True)]
