"""What people do with pipelines."""

from crmkit.domain.access.acting import Right
from crmkit.domain.sales.pipeline import Pipeline, PipelineId, Stage
from crmkit.ports import Action
from crmkit.work import UnitOfWork

DEFINE_PIPELINE = Action(
    "pipeline:define", "Define a pipeline", zh="定义销售管道", right=Right.CREATE
)

DEFAULT_STAGES = (
    Stage(name="prospecting", probability=10, labels={"en": "Prospecting", "zh": "寻找商机"}),
    Stage(name="qualification", probability=25, labels={"en": "Qualification", "zh": "资格确认"}),
    Stage(name="proposal", probability=50, labels={"en": "Proposal", "zh": "方案报价"}),
    Stage(name="negotiation", probability=75, labels={"en": "Negotiation", "zh": "商务谈判"}),
)


def define_pipeline(
    work: UnitOfWork, name: str, stages: tuple[Stage, ...] = DEFAULT_STAGES
) -> Pipeline:
    """Define a pipeline by the stages that its deals pass."""
    work.permit(DEFINE_PIPELINE)
    return work.pipelines.add(Pipeline(id=PipelineId(work.new_id()), name=name, stages=stages))
