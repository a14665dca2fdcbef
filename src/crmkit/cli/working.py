"""`crmkit worker`: deliver what is due to the plugins, again and again."""

import argparse
import time

from crmkit.crm import CRM


def work_off(options: argparse.Namespace) -> int:
    """Deliver due messages and seal the audit log of all tenants; with `--once` a single time."""
    with CRM.open(options.db) as crm:
        while True:
            report = crm.deliver_due()
            crm.audit.seal_all()
            if options.once or report.delivered or report.failed or report.dead:
                print(
                    f"delivered {report.delivered}, failed {report.failed}, dead {report.dead}",
                    flush=True,
                )
            if options.once:
                return 0
            time.sleep(options.every)
