"""The doors past the policy are few, and known."""

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src/crmkit"
BEHIND = {
    "plugins/builtin/sla_alarms.py": "looks who stands in for whoever an alarm names",
    "services/access/explaining.py": "judges whole records for whoever may learn why",
    "services/access/sharing.py": "writes shares for whoever may share the record",
    "services/access/users.py": "counts seats, and looks through the whole tree of units",
    "services/approvals/applying.py": "keeps cases, and what was approved",
    "services/approvals/deciding.py": "reads the cases in which somebody is asked",
    "services/approvals/flows.py": "reads the flow in force",
    "services/approvals/keeping_up.py": "escalates late cases of everybody",
    "services/approvals/people.py": "looks up who decides, whoever asks",
    "services/approvals/routing.py": "reads the whole content of a record that is judged",
    "services/approvals/soundness.py": "looks whom a flow would ask, for whoever publishes it",
    "services/approvals/submitting.py": "reads the whole content of a record that the actor sees",
    "services/calendars/absences.py": "says who is away and who stands in, whoever hands out work",
    "services/calendars/keeping.py": "counts by calendars for whoever works by them",
    "services/custom_fields.py": "counts every record that has an option",
    "services/imports/taking_over.py": "keeps who vouches for what was taken over",
    "services/leads/assigning.py": "counts what everybody holds, to be fair",
    "services/leads/claiming.py": "lets members claim what nobody owns, and counts claims",
    "services/leads/ownership.py": "writes the whole record that changes hands",
    "services/leads/pooling.py": "recycles what owners left be",
    "services/merging.py": "joins whole records after both were permitted",
    "services/parties.py": "keeps one primary contact, and follows merges",
    "services/sales/credit.py": "adds up what a customer owes, for whoever confirms an order",
    "services/sales/matching.py": "counts all money of an order, whoever pays or bills it",
    "services/sales/pipelines.py": "moves every record of a stage that goes",
    "services/sales/quote_approvals.py": "goes by what approval flows granted, whoever sends",
    "services/sales/stages.py": "writes and reads the stays of a record that the actor sees",
    "services/support/assigning.py": "asks the strategy of a queue",
    "services/support/choosing.py": "weighs the load of all agents, and lets one take their turn",
    "services/support/commands.py": "finds statuses and queues by name for rules and macros",
    "services/support/fitting.py": "asks relations as whoever wrote the condition meant them",
    "services/support/happening.py": "asks the rules, and keeps what happened on a ticket",
    "services/support/levels.py": "chooses the policy of a ticket, whoever opens it",
    "services/support/tickets.py": "asks the rules of a queue",
    "services/support/ties.py": "looks for circles and blocking tickets among all",
    "services/turning.py": "turns every reference, seen or not",
    "services/undoing.py": "compares whole records that the actor sees",
    "services/unique_claims.py": "claims the values of every record",
    "work/definitions.py": "reads pipelines for their rules, whoever acts",
    "work/seeing.py": "is the door, and reads a tenant's own fields",
    "work/stage_rules.py": "keeps the stays of what goes on, whoever saves",
    "work/unsharing.py": "ends the shares of removed records",
}
"""Who reads records whatever the actor may, and what for."""
STORING = {
    "plugins/builtin/numbering.py": "keeps the counters of numbers",
    "services/history.py": "reads the change log, and shows what its reader sees of it",
    "services/privacy/": "keeps the audit log, and finds and erases whatever is about a person",
    "services/undo_obstacles.py": "looks for what is in the way of an undo",
    "services/undoing.py": "reads the change log",
    "services/unique_claims.py": "writes claims",
    "testing/plugins.py": "counts what a plugin wrote",
    "work/": "is the unit of work itself",
}
"""Who speaks with the store itself, and what for; a folder ends with a slash."""


def test_only_crmkit_s_machinery_reads_past_the_policy() -> None:
    """`behind` is used where it is listed, and nowhere else."""
    assert set(_users(r"\bbehind\(")) == set(BEHIND)


def test_only_crmkit_s_machinery_speaks_with_the_store() -> None:
    """`storing` is used where it is listed, and nowhere else."""
    unknown = [name for name in _users(r"\.storing\(\)") if not name.startswith(tuple(STORING))]
    assert unknown == []


def _users(called: str) -> list[str]:
    return [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(called, path.read_text(encoding="utf-8"))
    ]
