"""Looking a flow through before it comes into force: what stops everybody, what passes unseen."""

from collections.abc import Iterator, Sequence

from crmkit.domain.access.soundness import Finding
from crmkit.domain.access.user import User
from crmkit.domain.aggregate import UserId
from crmkit.domain.approvals.flow import ApprovalFlow
from crmkit.domain.approvals.node import NobodyCanApprove, Node, Stop, WhenLate, WhenOwn
from crmkit.domain.approvals.people import ApproverKind
from crmkit.domain.filters.contradicting import may_fit
from crmkit.domain.filters.paths import Path
from crmkit.domain.filters.tree import And, Comparison, Filter, Or, PathComparison
from crmkit.services.approvals.people import UserDirectory
from crmkit.services.conditions import read_condition
from crmkit.work import UnitOfWork

MOST_NAMED = 5
"""How many people a finding names before it counts the rest."""


def look_through_flow(work: UnitOfWork, flow: ApprovalFlow) -> tuple[Finding, ...]:
    """Return what is wrong or in vain in a flow, by its conditions and the people of today.

    Faults come first: nobody can ever submit, a node that nothing comes to, nobody who can approve,
    too few for a quorum. The others are meant to be read: submitters who are stopped or decide on
    their own, nodes passed unasked, records that nobody approves, escalations to nobody. A node
    that asks whom a field names is not judged by people, for there is no record yet. The nodes of
    a flow are a line, so a case comes to its end unless people send it back.
    """
    found = [*look_at_conditions(work, flow), *_of_people(work, flow)]
    return tuple(sorted(found, key=lambda finding: not finding.is_fault))


def look_at_conditions(work: UnitOfWork, flow: ApprovalFlow) -> Iterator[Finding]:
    """Bring what is wrong or in vain in the conditions of a flow alone."""
    spec = work.registry[flow.entity]
    content = set(flow.content_names(spec))
    when, exit_ = (read_condition(work, flow.entity, one) for one in (flow.when, flow.exit))
    if not may_fit(when, exit_):
        yield Finding(
            path="exit", message="no record can need it", fix="let exit and when meet somewhere"
        )
        return
    nodes = [(node, read_condition(work, flow.entity, node.when)) for node in flow.nodes]
    for node, condition in nodes:
        if not may_fit(when, condition, counts=lambda path: _first(path) in content):
            yield Finding(
                path=f"nodes.{node.name}.when",
                message="nothing that needs the approval comes to this node",
                fix="let it meet the conditions of the flow",
            )
    if may_fit(when, *(~condition for _node, condition in nodes)):
        yield Finding(
            path="nodes",
            message="a record that fits the condition of no node is approved by nobody",
            fix="let one node have no condition",
            is_fault=False,
        )
    for name in sorted(_fields_of(exit_) & content):
        yield Finding(
            path="exit",
            message=f"the step writes {name}, which is approved too: a record that is submitted as"
            " it stands never passes",
            fix="name it in moves, or hold the change aside with propose_change",
            is_fault=False,
        )


def _of_people(work: UnitOfWork, flow: ApprovalFlow) -> Iterator[Finding]:
    users = [user for user in work.behind(User).find() if user.is_active]
    directory = UserDirectory(work, users)
    for node in flow.nodes:
        rules = (*node.approvers, *node.copies)
        if all(rule.kind is not ApproverKind.FIELD for rule in rules):
            yield from _of_node(node, users, directory)
        yield from _of_rules(node, directory)
    for user in users:
        if _is_in_circle(user, directory):
            yield Finding(path=f"users.{user.name}", message="is above themselves", is_fault=False)


def _of_node(node: Node, users: Sequence[User], directory: UserDirectory) -> Iterator[Finding]:
    path = f"nodes.{node.name}.approvers"
    stops = [(user, _stop(node, user, directory)) for user in users]
    stuck = [user for user, stop in stops if stop is None]
    if users and len(stuck) == len(users):
        needed = f"the {node.needed} of its quorum" if node.quorum else "anybody"
        yield Finding(
            path=path,
            message=f"there is not {needed} who can approve, whoever submits",
            fix="name others, or say who stands in",
        )
        return
    passed = [user for user, stop in stops if stop is not None and not stop.asked]
    own = [user for user, stop in stops if stop is not None and user.id in stop.asked]
    for several, message in (
        (stuck, "can submit nothing here, for nobody can approve it"),
        (passed, "pass it without anybody who is asked"),
        (own if node.own is WhenOwn.ALLOW else (), "decide on what they submit themselves"),
    ):
        if several:
            yield Finding(path=path, message=f"{_names(several)} {message}", is_fault=False)
    asked = {user_id for _user, stop in stops if stop is not None for user_id in stop.asked}
    yield from _late(node, [user for user in users if user.id in asked], directory)


def _late(node: Node, asked: Sequence[User], directory: UserDirectory) -> Iterator[Finding]:
    if node.late_after is None or node.late is not WhenLate.SUPERIOR:
        return
    alone = [user for user in asked if not _has_superior(user.id, directory)]
    if alone:
        yield Finding(
            path=f"nodes.{node.name}.late",
            message=f"nobody is above {_names(alone)} when it is late",
            fix="let it pass or be rejected, or give them a superior",
            is_fault=False,
        )


def _of_rules(node: Node, directory: UserDirectory) -> Iterator[Finding]:
    for rule in (*node.approvers, *node.copies):
        path = f"nodes.{node.name}.approvers"
        if rule.kind is ApproverKind.ROLE and not list(directory.in_role(rule.role or "")):
            yield Finding(path=path, message=f"nobody plays {rule.role}", is_fault=False)
        for user_id in rule.user_ids:
            if not directory.is_there(user_id):
                yield Finding(path=path, message=f"{user_id} is no active user", is_fault=False)


def _stop(node: Node, user: User, directory: UserDirectory) -> Stop | None:
    """Return whom a node asks when a user submits, None where it refuses."""
    try:
        return node.ask(user.id, None, directory, due_at=None)
    except NobodyCanApprove:
        return None


def _has_superior(user: UserId, directory: UserDirectory) -> bool:
    above = directory.manager_of(user)
    return above is not None and directory.is_there(above)


def _is_in_circle(user: User, directory: UserDirectory) -> bool:
    seen: set[UserId] = set()
    above = directory.manager_of(user.id)
    while above is not None and above not in seen:
        seen.add(above)
        above = directory.manager_of(above)
    return user.id in seen


def _fields_of(filter_: Filter) -> set[str]:
    match filter_:
        case And(parts) | Or(parts):
            return {name for part in parts for name in _fields_of(part)}
        case Comparison(path):
            return {_first(path)}
        case PathComparison(path, _, other):
            return {_first(path), _first(other)}
        case _:
            inner = getattr(filter_, "part", None)
            return set() if inner is None else _fields_of(inner)


def _first(path: Path) -> str:
    return path.name.partition(".")[0]


def _names(users: Sequence[User]) -> str:
    named = ", ".join(user.name for user in users[:MOST_NAMED])
    more = len(users) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
