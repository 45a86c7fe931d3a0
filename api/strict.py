"""Parameters that a route does not know: refused, since a slip would silently give everything."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from fastapi import Request

from api.problems import Problem

FOREIGN: Final = frozenset({"/v1/session/oidc/callback"})
"""What others call: a provider adds words of its own."""


async def known_parameters(request: Request) -> None:
    """Depended on by every route of the app.

    Raises:
        Problem: the query has a parameter that the route does not know; the nearest one is named.
    """
    route = request.scope.get("route")
    if route is None or not hasattr(route, "dependant") or request.url.path in FOREIGN:
        return
    known = _known(request, route)
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2)
            remedy = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(sorted(known)) or 'none here'}."
            )
            raise Problem(422, "Unknown parameter", f"{name[:40]!r}: {remedy}")


def _known(request: Request, route: Any) -> frozenset[str]:
    """Parameters of a route, looked up once in the life of an app."""
    kept: dict[tuple[str, str], frozenset[str]] = request.app.state.known_parameters
    key = (request.method, route.path)
    if key not in kept:
        kept[key] = frozenset(_names(route.dependant))
    return kept[key]


def _names(dependant: Any) -> Iterator[str]:
    """Of the route itself, and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _names(other)
