"""The storage contract has teeth: every saboteur is caught, by a test with a fitting name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmkit.testing.saboteurs import SABOTEURS

CONTRACT = Path(__file__).parent / "saboteurs" / "contract_on_a_saboteur.py"


def run_contract(saboteur, names):
    """Run the named contract tests on a saboteur, or on the honest store."""
    command = [sys.executable, "-m", "pytest", str(CONTRACT), "-q", "-x", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-k", " or ".join(names)],
        env={**os.environ, "CRMKIT_SABOTEUR": saboteur, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_there_are_enough_saboteurs():
    """There are at least twenty defects, each with a doc and a test that catches it."""
    assert len(SABOTEURS) >= 20
    assert all(saboteur.__doc__ and saboteur.caught_by for saboteur in SABOTEURS)


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda saboteur: saboteur.__name__)
def test_saboteur_is_caught(saboteur):
    """At least one of the tests that the saboteur names fails on it."""
    code, output = run_contract(saboteur.__name__, saboteur.caught_by)
    assert code == 1, output[-2000:]


def test_honest_store_passes_what_catches_saboteurs():
    """The same tests pass on the store without a defect."""
    names = sorted({name for saboteur in SABOTEURS for name in saboteur.caught_by})
    code, output = run_contract("", names)
    assert code == 0, output[-2000:]
