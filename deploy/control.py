"""`esi control`: tells a flow, in its feed, what somebody decided."""

# ruff: noqa: PLC0415 - a process loads only the packages of its own part
# ruff: noqa: PLR0917 - a verb's parameters are its flags
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.options import Data, Feed, Kafka

if TYPE_CHECKING:
    from schemas.control import Control


def control(
    kind: Annotated[str, typer.Argument(help="What it is: note, model_promoted or market_changed.")],
    name: Annotated[str, typer.Argument(help="Of the remark, the model or the market.")],
    value: Annotated[str, typer.Argument(help="Text of the remark, version of the model, or the edition.")],
    feed: Feed,
    market: Annotated[str | None, typer.Option(help="For this market only, instead of all of the feed.")] = None,
    data: Data = None,
    kafka_url: Kafka = None,
) -> None:
    """Sends a control record: a note, a model's version to serve, or the edition that goes on for a market."""
    from dataflows.sources.control import send
    from deploy import logs, verbs
    from deploy.neighbour import joined
    from deploy.settings import load

    settings = joined(load({"data_dir": data, "kafka_url": kafka_url}))
    logs.configure("control", settings.log_level, settings.log_format)
    offset = send(verbs.kafka(settings), feed, checked(kind, name, value, market))
    typer.echo(
        f"{kind} {name} stands at offset {offset} of feed {feed}; "
        "it takes effect at the first step after the time of partition 0 there"
    )


def checked(kind: str, name: str, value: str, market: str | None) -> Control:
    """The control, judged as the flow will judge it.

    Raises:
        typer.BadParameter: the flow would reject it; says why.
    """
    from schemas.control import Control
    from schemas.control_wire import VALUE_FIELD, decode_control, encode_control
    from schemas.rejects import UnreadableError

    if kind not in VALUE_FIELD:
        msg = f"{kind!r} is none of {', '.join(VALUE_FIELD)}"
        raise typer.BadParameter(msg)
    try:
        return decode_control(encode_control(Control(kind, name, value, market)))
    except (UnreadableError, UnicodeEncodeError) as error:
        raise typer.BadParameter(str(error)) from error
