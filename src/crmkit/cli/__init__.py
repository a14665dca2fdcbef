"""The `crmkit` command: demo, import, export, report, estimate, check, worker."""

import sys
from collections.abc import Sequence

from crmkit.cli.arguments import parser
from crmkit.errors import CrmkitError, InvalidInput

_OK, _FAILED, _MISUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a refusal or failure, 2 a misuse."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except InvalidInput as wrong:
        print(f"crmkit: {wrong}", file=sys.stderr)
        return _MISUSED
    except CrmkitError as failed:
        print(f"crmkit: {failed}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("crmkit: stopped", file=sys.stderr)
        return _FAILED
    return code


__all__ = ["main"]
