"""Calendars that market files may name, as the package exchange-calendars knows them.

They stand here because most processes read market files and only flows need the calendars, which take half a second to
load. A test compares.
"""

from __future__ import annotations

import difflib
from typing import Final

ALWAYS: Final = "24x7"
"""No exchange: open at all times."""

EXCHANGES: Final = frozenset(
    [
        "24/5",
        "24/7",
        "AIXK",
        "ARCX",
        "ASEX",
        "ASX",
        "BATS",
        "BMF",
        "BSE",
        "BVB",
        "BVMF",
        "CBOT",
        "CFE",
        "CME",
        "CMES",
        "COMEX",
        "FWB",
        "HKEX",
        "ICE",
        "ICEUS",
        "IEPA",
        "JKT",
        "JPX",
        "LSE",
        "LUXSE",
        "NASDAQ",
        "NYFE",
        "NYMEX",
        "NYSE",
        "OOTC",
        "OSE",
        "SIX",
        "SSE",
        "TASE",
        "TSX",
        "XAMS",
        "XASE",
        "XASX",
        "XBDA",
        "XBEL",
        "XBKK",
        "XBOG",
        "XBOM",
        "XBRA",
        "XBRU",
        "XBSE",
        "XBUD",
        "XBUE",
        "XCBF",
        "XCSE",
        "XCYS",
        "XDUB",
        "XDUS",
        "XEEE",
        "XETR",
        "XEUR",
        "XFRA",
        "XHAM",
        "XHEL",
        "XHKG",
        "XICE",
        "XIDX",
        "XIST",
        "XJSE",
        "XKAR",
        "XKLS",
        "XKRX",
        "XLIM",
        "XLIS",
        "XLIT",
        "XLJU",
        "XLON",
        "XLUX",
        "XMAD",
        "XMEX",
        "XMIL",
        "XMOS",
        "XNAS",
        "XNYS",
        "XNZE",
        "XOSL",
        "XPAR",
        "XPHS",
        "XPRA",
        "XRIS",
        "XSAU",
        "XSES",
        "XSGO",
        "XSHG",
        "XSTO",
        "XSTU",
        "XSWX",
        "XTAE",
        "XTAI",
        "XTAL",
        "XTKS",
        "XTSE",
        "XTSX",
        "XWAR",
        "XWBO",
        "XZAG",
        "us_futures",
    ]
)
"""ISO 10383 codes, and other names for them."""


def fault_of(name: str) -> str | None:
    """What is wrong with the name of a calendar, and what to write instead; None for one that exists."""
    if name == ALWAYS or name in EXCHANGES:
        return None
    near = difflib.get_close_matches(name.upper(), EXCHANGES, n=3, cutoff=0.5)
    hint = f"; near it are {', '.join(near)}" if near else ""
    return f"no calendar {name!r}: write {ALWAYS} or an exchange's ISO 10383 code, such as XNYS{hint}"
