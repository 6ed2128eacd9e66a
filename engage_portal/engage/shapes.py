"""Everything that is wrong with the shape of a body, field by field: msgspec itself stops at the first."""

import functools
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from engage_portal.core.masking import masked
from engage_portal.engage.errors import FieldError

MOST = 100
"""Problems that are worth telling."""

S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class _Field:
    """A member of a struct: its name on the wire, and what may stand there."""

    name: str
    is_required: bool
    wanted: Any
    """Without `UNSET`."""
    struct: type[Struct] | None
    """What it holds, itself or as a list."""
    bounds: tuple[int, int] | None
    """Of a list of structs: fewest and most entries."""
    may_be_null: bool = False


def shape_problems(value: Any, struct: type[Struct]) -> list[FieldError]:
    """What msgspec has against each field of a body that it does not take as this type; at most a hundred."""
    if not isinstance(value, Mapping):
        return list(_against(value, struct, ""))
    return list(islice(_in_struct(value, struct, ""), MOST))


def read_loosely(value: Mapping[str, Any], struct: type[S]) -> S:
    """What a body says rightly, so that rules can look at that, too, where something else in it is wrong.

    What is missing or wrong is left out, or is nothing (0, "", the last of some words) where something has to stand.
    So whatever a rule has against a part that is wrong itself says nothing.
    """
    fields = _fields(struct)
    told = {each.name: (each.encode_name, each.default) for each in msgspec.structs.fields(struct)}
    read = {
        name: _read_field(value.get(on_wire, UNSET), fields[on_wire], default)
        for name, (on_wire, default) in told.items()
    }
    return struct(**read)


def _read_field(value: Any, field: _Field, default: Any) -> Any:
    if field.struct is None:
        try:
            return msgspec.convert(value, field.wanted, builtin_types=(Decimal,))
        except msgspec.ValidationError:
            return _nothing(field.wanted) if field.is_required else default
    if field.bounds is not None:
        entries = value[: field.bounds[1]] if isinstance(value, list) else []
        return tuple(
            read_loosely(each if isinstance(each, Mapping) else {}, field.struct) for each in entries
        )
    if isinstance(value, Mapping):
        return read_loosely(value, field.struct)
    return None if field.may_be_null or value is None else read_loosely({}, field.struct)


def _nothing(wanted: Any) -> Any:
    kind = get_args(wanted)[0] if get_origin(wanted) is Annotated else wanted
    return get_args(kind)[-1] if get_origin(kind) is Literal else kind()


def _in_struct(value: Mapping[str, Any], struct: type[Struct], path: str) -> Iterator[FieldError]:
    prefix = f"{path}." if path else ""
    fields = _fields(struct)
    for field in fields.values():
        if field.name in value:
            yield from _in_field(value[field.name], field, prefix + field.name)
        elif field.is_required:
            yield FieldError(prefix + field.name, "This field is required.")
    for name in value:
        if name not in fields:
            yield FieldError(prefix + shown(name), "Unknown field.")


def _in_field(value: Any, field: _Field, path: str) -> Iterator[FieldError]:
    if field.struct is None or (value is None and field.may_be_null):
        yield from _against(value, field.wanted, path)
    elif field.bounds is None:
        yield from _in_entry(value, field.struct, path)
    elif not isinstance(value, list):
        yield from _against(value, field.wanted, path)
    else:
        fewest, most = field.bounds
        if not fewest <= len(value) <= most:
            words = f"At least {fewest}" if len(value) < fewest else f"At most {most}"
            yield FieldError(path, f"{words} entries.")
        for place, each in enumerate(value[:most]):
            yield from _in_entry(each, field.struct, f"{path}[{place}]")


def _in_entry(value: Any, struct: type[Struct], path: str) -> Iterator[FieldError]:
    if isinstance(value, Mapping):
        yield from _in_struct(value, struct, path)
    else:
        yield from _against(value, struct, path)


def _against(value: Any, wanted: Any, path: str) -> Iterator[FieldError]:
    try:
        msgspec.convert(value, wanted, builtin_types=(Decimal,))
    except msgspec.ValidationError as error:
        yield _translated(str(error), path)


@functools.cache
def _fields(struct: type[Struct]) -> Mapping[str, _Field]:
    hints = get_type_hints(struct, include_extras=True)
    told = msgspec.structs.fields(struct)
    return {field.encode_name: _field(field.encode_name, field.required, hints[field.name]) for field in told}


def _field(name: str, is_required: bool, hint: Any) -> _Field:  # noqa: FBT001 - msgspec's own word
    wanted = _without(UnsetType, hint)
    inner: Any = _without(type(None), wanted)
    metas: list[Any] = []
    if get_origin(inner) is Annotated:
        inner, *metas = get_args(inner)
    entry = get_args(inner)[0] if get_origin(inner) is tuple else inner
    if not (isinstance(entry, type) and issubclass(entry, Struct)):
        return _Field(name, is_required, wanted, None, None)
    if entry is inner:
        return _Field(name, is_required, wanted, entry, None, may_be_null=inner is not wanted)
    meta = next((each for each in metas if isinstance(each, Meta)), Meta())
    return _Field(name, is_required, wanted, entry, (meta.min_length or 0, meta.max_length or MOST))


def _without(kind: type, hint: Any) -> Any:
    """A union without one of its members; anything else as it is."""
    if get_origin(hint) not in {Union, types.UnionType}:
        return hint
    return Union[tuple(each for each in get_args(hint) if each is not kind)]  # noqa: UP007 - made at run time


_AT = re.compile(r"(?P<what>.*?)(?: - at `.*`)?", re.DOTALL)
_LENGTH = re.compile(r"Expected `(?P<kind>\w+)` of length (?P<sign>[<>])= (?P<limit>\d+)")
_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`(?:, got `(?P<got>\w+)`)?")
_WORDS = {
    "decimal": "a number",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _translated(message: str, path: str) -> FieldError:
    """msgspec's sentence about one value as ours, without anything out of the body's values."""
    at = _AT.fullmatch(message)
    what = at["what"] if at else message
    if found := _LENGTH.fullmatch(what):
        bound = "At most" if found["sign"] == "<" else "At least"
        unit = "entries" if found["kind"] == "array" else "characters"
        return FieldError(path, f"{bound} {found['limit']} {unit}.")
    if found := _TYPE.fullmatch(what):
        expected = " or ".join(_WORDS.get(each, each) for each in found["expected"].split(" | "))
        words = _WORDS | {"decimal": "a fraction"} if found["expected"] == "int" else _WORDS
        got = f", not {words.get(found['got'], found['got'])}" if found["got"] else ""
        return FieldError(path, f"Expected {expected}{got}.")
    return FieldError(path, "This is not one of the known values.")


def shown(name: str) -> str:
    """A field name from outside, fit to be shown and logged."""
    return masked(name, keep=100) if name and name.isprintable() else "?"
