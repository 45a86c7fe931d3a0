"""Settings of what a market begins with, and of the models that serve it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from deploy.setting_kinds import Folder, Names

SHIPPED: Final = Path(__file__).resolve().parent / "references"
"""Where the artifacts that come with ESI are."""

CHAMPIONS: Final = Path(__file__).resolve().parent / "champions"
"""Where the trained models that come with ESI are."""


class ModelSettings(BaseSettings):
    """Where references and trained models are, and how a model comes into force."""

    reference_dir: Folder = Field(
        default=SHIPPED,
        description="Folder of reference artifacts, `MARKET.reference`: a market that has one there begins with its "
        "history. An empty folder: all begin with nothing.",
        json_schema_extra={"default_text": "those that are shipped"},
    )
    registry: Folder | None = Field(
        default=None,
        description="Folder of trained models, `NAME/VERSION/`, where flows, the API and `esi models` look.",
        json_schema_extra={"default_text": "`registry` in the data folder"},
    )
    champions_dir: Folder = Field(
        default=CHAMPIONS,
        description="Folder of trained models, `NAME/VERSION/`, that the registry of a fresh data folder begins with. "
        "An empty folder: it begins with none.",
        json_schema_extra={"default_text": "those that are shipped"},
    )
    auto_promote: Literal["off", "on"] = Field(
        default="off",
        description="Whether `esi trainer` promotes a challenger that has beaten the champion live (Diebold-Mariano).",
    )
    retrain: Names = Field(
        default=(),
        description="Markets whose models `esi up` trains again when their finals ask for it (`esi trainer`), with "
        "commas; needs torch.",
    )
    retrain_inputs: Folder | None = Field(
        default=None,
        description="CSV (or .csv.gz) of daily values that `esi trainer` has models taught on, as "
        "`esi train --inputs`; it is read anew at each training. `us-open` has a history of its own.",
    )
    retrain_macro: Folder | None = Field(
        default=None, description="Folder of NAME.csv with macro releases for it, as `esi train --macro`."
    )
