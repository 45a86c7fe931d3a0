"""Roles contain each other, and the local session only looks."""

from __future__ import annotations

from itertools import pairwise

from api.identity.scopes import LOCAL, PUBLIC, ROLES, SCOPES, Identity, scopes_of


def test_each_role_may_what_the_one_before_may_and_more() -> None:
    assert ROLES == ("viewer", "analyst", "operator", "admin")
    for less, more in pairwise(ROLES):
        assert scopes_of(less) < scopes_of(more)
    assert scopes_of("admin") == set(SCOPES)
    assert PUBLIC not in SCOPES


def test_this_machine_only_looks() -> None:
    assert LOCAL.local
    assert LOCAL.scopes == scopes_of("analyst")
    assert all(scope.endswith(":read") for scope in LOCAL.scopes)


def test_an_identity_ends_at_its_moment() -> None:
    assert not Identity("x", "x", "viewer", frozenset()).ended(1e12)
    ending = Identity("x", "x", "viewer", frozenset(), expires=10.0)
    assert (ending.ended(9.9), ending.ended(10.0)) == (False, True)
