"""Plugins: what a client or a vendor adds without a fork."""

from crmkit.plugins.fields import shared_field
from crmkit.plugins.hookspecs import HookKind, hookimpl
from crmkit.plugins.manager import PluginRow, Plugins

__all__ = ["HookKind", "PluginRow", "Plugins", "hookimpl", "shared_field"]
