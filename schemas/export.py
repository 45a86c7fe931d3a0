"""Writes the words as files for other languages: `python -m schemas.export [--check]`.

Arrow schemas become lists of columns, everything else JSON Schema. The files are committed; a test compares them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import json_wire, reading, rejects
from schemas.arrow_schemas import BARS_SCHEMA, TICKS_SCHEMA
from schemas.control_wire import JsonControl
from schemas.market import Market

FOLDER: Final = Path(__file__).parent / "exported"

_STRUCTS: Final[dict[str, type[msgspec.Struct]]] = {
    "reading": reading.Reading,
    "details": reading.Details,
    "bars": reading.Bars,
    "ticks.json": json_wire.JsonTick,
    "bars.json": json_wire.JsonBar,
    "tock": json_wire.JsonTock,
    "control": JsonControl,
}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def arrow_description(schema: Any) -> dict[str, Any]:
    """An Arrow schema in words: the columns of an IPC stream, in order, with type and whether one may be left out."""
    columns = [{"name": field.name, "type": str(field.type), "optional": field.nullable} for field in schema]
    return {"format": "Arrow IPC stream", "columns": columns}


def reject_headers() -> dict[str, Any]:
    """JSON Schema of a reject's Kafka headers, all of them text; the value is the rejected record itself."""
    example = rejects.Reject("feed", 0, 0, rejects.Reason.MALFORMED, b"")
    names = [name for name, _value in example.headers()]
    properties: dict[str, Any] = {name: {"type": "string"} for name in names}
    properties["reason"]["enum"] = [reason.value for reason in rejects.REASONS]
    for name in ("partition", "offset", "count"):
        properties[name]["pattern"] = "^[0-9]+$"
    properties["rows"]["description"] = "Rows counted from 0, such as 0-3,7; empty when the whole record is meant."
    return {"title": "Reject headers", "type": "object", "properties": properties, "required": names}


def documents() -> dict[str, str]:
    """Every file by its name, with its text."""
    schemas: dict[str, Any] = {f"{name}.schema.json": msgspec.json.schema(kind) for name, kind in _STRUCTS.items()}
    schemas["reject_headers.schema.json"] = reject_headers()
    schemas["market.schema.json"] = Market.model_json_schema()
    words = {name: {"$schema": _DIALECT, **schema} for name, schema in schemas.items()}
    words["ticks.arrow.json"] = arrow_description(TICKS_SCHEMA)
    words["bars.arrow.json"] = arrow_description(BARS_SCHEMA)
    return {name: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for name, value in sorted(words.items())}


def differences(folder: Path = FOLDER) -> list[str]:
    """What is different between the code and the files, one sentence each."""
    wanted = documents()
    present = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    told = [f"{name} is missing" for name in wanted.keys() - present.keys()]
    told += [f"{name} is no word of this version" for name in present.keys() - wanted.keys()]
    told += [f"{name} says something else" for name in wanted.keys() & present.keys() if wanted[name] != present[name]]
    return sorted(told)


def write(folder: Path = FOLDER) -> None:
    """Makes the files equal to the code."""
    folder.mkdir(exist_ok=True)
    wanted = documents()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")


def main(arguments: list[str]) -> int:
    """Writes the files, or with `--check` only compares; the exit status is 1 when they differ, 2 for a wrong call."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m schemas.export [--check]\n")
        return 2
    if not arguments:
        write()
    told = differences()
    sys.stderr.writelines(f"schemas/exported/{line}: run python -m schemas.export\n" for line in told)
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
