"""The collections of forecasts and chances."""

from crmkit.domain.aggregate import Aggregate
from crmkit.domain.chances.trained import TrainedModel
from crmkit.domain.forecasts.judgement import Judgement
from crmkit.domain.forecasts.quota import Quota
from crmkit.domain.forecasts.snapshot import Snapshot, SnapshotLine
from crmkit.work.collection import Collection
from crmkit.work.departments.reaching import Reaching

ENTITIES: tuple[type[Aggregate], ...] = (Quota, Judgement, Snapshot, SnapshotLine, TrainedModel)


class ForecastRecords(Reaching):
    """The collections of forecasts."""

    @property
    def quotas(self) -> Collection[Quota]:
        """Return the quotas."""
        return self.of(Quota)

    @property
    def forecast_judgements(self) -> Collection[Judgement]:
        """Return what was judged of units."""
        return self.of(Judgement)

    @property
    def forecast_snapshots(self) -> Collection[Snapshot]:
        """Return the snapshots of the forecast."""
        return self.of(Snapshot)

    @property
    def forecast_lines(self) -> Collection[SnapshotLine]:
        """Return the lines of all snapshots."""
        return self.of(SnapshotLine)

    @property
    def win_models(self) -> Collection[TrainedModel]:
        """Return the models that were trained."""
        return self.of(TrainedModel)
