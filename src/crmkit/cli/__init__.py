"""The `crmkit` command: demo, import, export, report, estimate, check, worker."""

import os
import sys
from collections.abc import Sequence

from crmkit.cli.arguments import parser
from crmkit.errors import CrmkitError, InvalidInput

_FAILED, _MISUSED, _UNREAD = 1, 2, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a refusal or failure, 2 a misuse, 141 a reader that left.

    141 is what a shell tells of any command that goes on writing when nobody reads.
    """
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _write_to_nobody()
        return _UNREAD


def _run(arguments: Sequence[str] | None) -> int:
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


def _write_to_nobody() -> None:
    """Let what is still to be written vanish; Python would complain of it when it ends."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, sys.stdout.fileno())
    os.close(nobody)


__all__ = ["main"]
