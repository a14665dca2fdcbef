"""`crmkit check`: does the database fit, do the plugins load."""

import argparse

from crmkit.crm import CRM


def check(options: argparse.Namespace) -> int:
    """Print schema steps, drift and plugins; 1 when something needs a hand."""
    with CRM.open(options.db) as crm:
        if options.apply:
            for step in crm.schema.apply():
                print(f"applied  {step.component} {step.revision}: {step.summary}")
        waiting = crm.schema.plan()
        for step in waiting:
            print(f"waiting  {step.component} {step.revision}: {step.summary}")
        drifts = () if waiting else crm.schema.verify()
        for drift in drifts:
            print(f"drift    {drift.place}: {drift.problem} ({drift.fix})")
        entities = ", ".join(spec.name for spec in crm.registry)
        print(f"store    {crm.storage.name}\nentities {entities}")
    fits = not waiting and not drifts
    print("all in place" if fits else "run: crmkit check --apply")
    return 0 if fits else 1
