"""Says what an argument of a call is: by the parameters of the function, or by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...text.syntax_tree import callee_of, node_text
from ..pattern_names import words_of
from .compared_subject import CONVERSIONS, argument_subject, chain_subject, subject_name
from .known_signatures import known_parameters
from .literal_place import CHAINING_CALLS, Place, called_name, is_plain_call, string_body
from .parameter_names import ParameterNames

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["EXPECTING", "argument_name", "is_conversion"]

# Methods and functions whose argument is the expected value.
EXPECTING: Final = re.compile(
    r"(?:to|not)[A-Z]\w*\Z|assert\w*\Z|deepEqual\Z|equals?\Z|eql\Z|strictEqual\Z|is\Z|isEqual\Z|expect\Z"
    r"|include\w*\Z|contains?\Z|match\Z|\w*(?:_equal|_close)\w*\Z|\w+Equal\Z"
)
# Calls with an error and a function, which is called with the arguments after it.
_DEFERRING = frozenset({"assertRaises", "assert_raises", "assert_warns", "raises", "warns"})
# Methods that give their object its only argument.
_SETTERS = frozenset({"fill", "next", "set", "setValue", "set_value", "update"})
# Finding the position of an argument reads those before it.
_MAX_ARGUMENTS = 16
_ERROR = re.compile(r"\w*(?:Error|Exception|Warning)\Z")
# Parameters whose arguments are better described by their kind.
_VAGUE = frozenset(
    (
        "argument body content item items key message name path_part payload text typed_text value"
        " year"
    ).split()
)
# A function named verb + noun is given the noun, or what it is found by.
_VERBS = frozenset(
    "add apply as assert attach build calc calculate call change check clean click close"
    " compute convert count create decode define delete deserialize detect dispatch do draw drop"
    " emit enable encode ensure enter escape eval evaluate execute expand expect extract fetch"
    " fill filter find fire for format from generate get given go handle has import infer init"
    " initialize insert inspect install invoke is join list load lookup make mark merge mock"
    " move normalize on open parse patch pick plot poll prepare print process push put query"
    " raise read record register remove rename render replace request reset resolve run save"
    " search select send serialize set setup should show sort split start stop store stringify"
    " strip sum switch test throw to toggle transform try type unescape unset update upload use"
    " validate verify visit wait when with wrap write".split()
)


def is_conversion(place: Place) -> bool:
    """Returns whether the call around an argument returns the same value in another form."""
    call = place.call
    if call is None:
        return False
    called = call.called
    if called not in CONVERSIONS or (called in _SETTERS and not is_plain_call(call.node)):
        return False
    arguments = call.node.child_by_field_name("arguments")
    return arguments is not None and arguments.named_child(0) == place.node


def argument_name(place: Place, kind: str, parameters: ParameterNames, language: str) -> str:
    """Returns what an argument of a call is, in words joined by blanks, or an empty text.

    Args:
        place: The argument.
        kind: What kind of text it is, if it is one.
        parameters: The parameters of the functions that the file defines.
        language: The language of the test.
    """
    call = place.call
    called = call.called if call is not None else ""
    if call is None or not called:
        return kind
    if called in CHAINING_CALLS:
        return _chained_name(place, call.node)
    index = _index(place)
    if called in _DEFERRING and index > 1 and place.parent is not None:
        called = node_text(place.parent.node.named_child(1)).rpartition(".")[2]
        index -= 2
    parameter = _at(parameters.get(called, ()), index)
    if parameter:
        return parameter
    if called in _SETTERS and place.parent is not None and place.parent.node.named_child_count == 1:
        owner = callee_of(call.node)
        subject = subject_name(owner.child_by_field_name("object")) if owner is not None else ""
        if subject:
            return subject
    parameter = _at(known_parameters(called, language), index)
    if parameter == "url" and kind == "http_method":  # request("GET", url), request(url)
        return kind
    if parameter.partition("_")[0] in {"expected", "unexpected"}:
        return _expected_name(parameter, place, call.node)
    if parameter and parameter != "-" and not (kind and parameter in _VAGUE):
        return parameter
    if called == "expect":
        if is_plain_call(call.node):
            return kind or "actual"
        return "expected status" if place.is_number else "expected"  # request.expect(200)
    if _ERROR.match(called):
        return "error message"
    if not kind and EXPECTING.match(called):
        return _expected_name("expected", place, call.node)
    return kind or _noun(called, place)


def _index(place: Place) -> int:
    """Returns the position among the arguments, or -1 if there are too many of them."""
    arguments = place.parent.node if place.parent is not None else None
    if arguments is None or arguments.named_child_count > _MAX_ARGUMENTS:
        return -1
    positional = [child for child in arguments.named_children if child.type != "comment"]
    return positional.index(place.node)


def _at(parameters: tuple[str, ...], index: int) -> str:
    if not parameters or index < 0:
        return ""
    if index >= len(parameters):
        return parameters[-1].removesuffix("...") if parameters[-1].endswith("...") else ""
    return parameters[index].removesuffix("...")


def _expected_name(parameter: str, place: Place, call: Node) -> str:
    """Returns ``expected`` with what the value is compared with."""
    subject = chain_subject(call)
    if not subject and place.parent is not None:
        subject = argument_subject(place.parent.node, place.node)
    head, _, rest = parameter.partition("_")
    return " ".join(part for part in (head, subject, rest) if part)


def _chained_name(place: Place, call: Node) -> str:
    """Returns ``expected text`` for the argument of ``.should("have.text", ...)``."""
    arguments = call.child_by_field_name("arguments")
    first = arguments.named_child(0) if arguments is not None else None
    chainer = string_body(node_text(first)) if first is not None else ""
    noun = chainer.rpartition(".")[2]
    if first == place.node or noun in {"be", "eq", "eql", "equal", "match"}:
        callee = callee_of(call)
        owner = callee.child_by_field_name("object") if callee is not None else None
        words = words_of(called_name(owner)).split() if owner is not None else []
        noun = " ".join(words[1:] if words and words[0] in _VERBS else words)
    elif noun in {"contain", "include"}:
        noun = "text"
    return f"expected {noun}".strip()


def _noun(called: str, place: Place) -> str:
    """Returns ``user`` for ``create_user``, and ``test id`` for ``findByTestId``.

    The only argument of a constructor is named after the class: ``version`` for ``Version("1.2")``.
    """
    words = words_of(called).split()
    if "by" in words[1:-1]:
        return " ".join(words[words.index("by", 1) + 1 :])
    if len(words) > 1 and words[0] in _VERBS:
        return " ".join(words[1:])
    alone = place.parent is not None and place.parent.node.named_child_count == 1
    return " ".join(words) if alone and called[:1].isupper() else ""
