"""Saboteurs: memory stores with one defect each, to prove that the contract has teeth."""

from crmkit.testing.saboteurs import of_questions, of_writes
from crmkit.testing.saboteurs.making import Saboteur

SABOTEURS: tuple[type[Saboteur], ...] = tuple(
    value
    for module in (of_writes, of_questions)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Saboteur)
)
"""All of them; each names contract tests of which at least one must fail on it."""
