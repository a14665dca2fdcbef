"""Sales: what people do with pipelines and deals."""

from crmkit.services.sales.deals import (
    LOSE_DEAL,
    MOVE_DEAL,
    OPEN_DEAL,
    REOPEN_DEAL,
    WIN_DEAL,
    lose_deal,
    move_deal,
    open_deal,
    reopen_deal,
    win_deal,
)
from crmkit.services.sales.pipelines import DEFAULT_STAGES, DEFINE_PIPELINE, define_pipeline

__all__ = [
    "DEFAULT_STAGES",
    "DEFINE_PIPELINE",
    "LOSE_DEAL",
    "MOVE_DEAL",
    "OPEN_DEAL",
    "REOPEN_DEAL",
    "WIN_DEAL",
    "define_pipeline",
    "lose_deal",
    "move_deal",
    "open_deal",
    "reopen_deal",
    "win_deal",
]
