"""Says in one line what was wrong with a command line: the option, what it expects, what came.

The parser's own messages differ between its versions and speak of its inner workings ("Input should
be a valid integer"), so only the facts are taken from its errors.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

__all__ = ["usage_text"]

_NOT_ONE_OF = re.compile(r"(?P<got>.+) is not one of (?P<names>.+?)\.?", re.DOTALL)
_EXTRA = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", re.DOTALL)
_NOT_IN_RANGE = re.compile(r"(?P<got>\S+) is not in the range .*")
_NOT_VALID = re.compile(r"(?P<got>.+) is not a valid (?P<kind>.+)\.", re.DOTALL)


def usage_text(error: Any) -> str:
    """Returns the text to print for an error of a command line."""
    name = type(error).__name__
    if name == "NoArgsIsHelpError":
        return str(error.format_message())
    text = _WRITERS.get(name, _plain_text)(error)
    hint = f"; see: {error.ctx.command_path} --help" if error.ctx is not None else ""
    return "error: " + " ".join(text.split()).removesuffix(".") + hint


def _plain_text(error: Any) -> str:
    message = str(error.message)
    if found := re.fullmatch(
        r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", message, re.DOTALL
    ):
        return f"expected no further argument, got {found[1]!r}; put quotes around text with spaces"
    if message == "Missing command.":
        return "expected a command, got none"
    return message


def _unknown_option(error: Any) -> str:
    if hasattr(error.ctx.command, "list_commands"):
        return (
            f"{error.ctx.command_path} has no option {error.option_name}; options go after the"
            " command"
        )
    meant = list(error.possibilities or ())
    hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
    return f"{error.ctx.command_path} has no option {error.option_name}{hint}"


def _wrong_option(error: Any) -> str:
    expected = "no value" if "not take" in error.message else "a value, got none"
    return f"'{error.option_name}': expected {expected}"


def _missing(error: Any) -> str:
    about = (error.param.help or "").rstrip(".")
    return f"expected {_name(error)}{f' ({about})' if about else ''}, got none"


def _wrong_value(error: Any) -> str:
    name, reason = _name(error), _reason(error)
    return f"{name}: {reason}" if name else reason


def _name(error: Any) -> str:
    """Returns the option or argument as a user writes it; empty if the error names none."""
    if error.param_hint is not None:
        hint = error.param_hint
        return str(hint if isinstance(hint, str) else " / ".join(map(repr, hint)))
    if error.param is None:
        return ""
    if error.param.param_type_name == "option":
        names = (error.param.opts, error.param.secondary_opts)
        return " or ".join(f"'{max(options, key=len)}'" for options in names if options)
    return f"'{error.param.metavar or error.param.name.upper()}'"


def _reason(error: Any) -> str:
    """Returns what was expected and what came; the message if it is one of ours."""
    message = str(error.message)
    if found := _NOT_ONE_OF.fullmatch(message):
        return _not_one_of(found["got"], found["names"])
    if found := _NOT_IN_RANGE.fullmatch(message) or _NOT_VALID.fullmatch(message):
        got = found["got"].strip("'")
        return f"expected {_number(error.param)}, got {got!r}"
    return message


def _not_one_of(got: str, listed: str) -> str:
    names = [name.strip().strip("'") for name in listed.split(",")]
    close = get_close_matches(got.strip("'").lower(), names, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{got} is not one of {', '.join(names)}{hint}"


def _number(parameter: Any) -> str:
    """Returns which numbers an option takes."""
    bounds = parameter.type
    low, high = getattr(bounds, "min", None), getattr(bounds, "max", None)
    is_real = any(isinstance(value, float) for value in (low, high, parameter.default))
    kind = "a number" if is_real else "a whole number"
    if low is None and high is None:
        return kind
    if high is None:
        return f"{kind} of at least {low:g}"
    return f"{kind} from {low or 0:g} to {high:g}"


_WRITERS = {
    "NoSuchOption": _unknown_option,
    "BadOptionUsage": _wrong_option,
    "MissingParameter": _missing,
    "BadParameter": _wrong_value,
}
