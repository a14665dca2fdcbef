"""What a plugin must be like to be let in: a mistake is told when the CRM is opened, not later."""

import difflib
import inspect
from collections.abc import Callable
from typing import Any

import pluggy

from crmkit.errors import PluginError
from crmkit.plugins.hookspecs import KINDS, HookKind


def register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    """Let a plugin in, or raise `PluginError` and leave no trace of it."""
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as wrong:
        raise PluginError(name, _hook_in(str(wrong)), _one_line(str(wrong))) from None
    except ValueError as wrong:
        raise PluginError(name, "register", _one_line(str(wrong))) from None
    try:
        _check(manager, name, plugin)
    except PluginError:
        manager.unregister(name=name)
        raise


def _check(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    for caller in manager.get_hookcallers(plugin) or ():
        for impl in caller.get_hookimpls():
            if impl.plugin_name == name:
                reason = _reason_against(caller, impl)
                if reason:
                    raise PluginError(name, caller.name, reason)


def _reason_against(caller: pluggy.HookCaller, impl: pluggy.HookImpl) -> str:
    if not caller.has_spec():
        near = difflib.get_close_matches(caller.name, KINDS, n=1)
        return f"there is no such hook; {f'is {near[0]} meant?' if near else _hooks()}"
    if impl.wrapper or impl.hookwrapper:
        return "crmkit's hooks cannot be wrapped; implement the hook itself"
    function: Callable[..., Any] = impl.function
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "must not be async; crmkit calls it and waits for the answer"
    if inspect.isgeneratorfunction(function) and KINDS[caller.name] is not HookKind.COLLECT:
        return "must not yield; it would never run"
    needed = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and parameter.default is inspect.Parameter.empty
    ]
    return f"arguments are given by position; free {', '.join(needed)} of the *" if needed else ""


def _hooks() -> str:
    return f"the hooks are {', '.join(KINDS)}"


def _hook_in(message: str) -> str:
    """Find the hook that pluggy's message is about."""
    return next((name for name in KINDS if f"hook {name!r}" in message), "register")


def _one_line(message: str) -> str:
    return " ".join(message.split())
