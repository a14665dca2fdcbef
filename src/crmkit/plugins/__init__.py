"""Plugins: what a client or a vendor adds without a fork."""

from crmkit.plugins.hookspecs import hookimpl
from crmkit.plugins.manager import Plugins

__all__ = ["Plugins", "hookimpl"]
