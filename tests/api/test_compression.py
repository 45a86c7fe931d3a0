"""Compressed answers, read by other libraries."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.compression import SMALLEST, compressed, compressor_of, negotiated
from api.config import ApiConfig
from tests.api.conftest import Served, serving
from tests.api.publisher import Publisher


def plain(body: bytes, coding: str) -> bytes:
    """What a client reads."""
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "zstd":
        return bytes(pa.input_stream(pa.BufferReader(body), compression="zstd").read())
    return body


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0", ""),
        ("*", "zstd"),
        ("*;q=0, gzip", "gzip"),
        ("zstd;q=0, *", "gzip"),
        ("br, identity", ""),
        ("GZip ; q=1", "gzip"),
        ("gzip;q=many", ""),
    ],
)
def test_negotiation(accept: str, coding: str) -> None:
    assert negotiated(accept) == coding


@given(st.lists(st.binary(max_size=3_000), max_size=6), st.sampled_from(["gzip", "zstd"]))
def test_pieces_come_back_as_the_whole(pieces: list[bytes], coding: str) -> None:
    compressor = compressor_of(coding)
    made = b"".join([compressor.add(piece) for piece in pieces]) + compressor.finish()
    assert plain(made, coding) == b"".join(pieces)
    assert plain(compressed(b"".join(pieces), coding), coding) == b"".join(pieces)


def test_a_long_text_shrinks() -> None:
    for coding in ("gzip", "zstd"):
        assert len(compressed(b'{"market":"us"}' * 1_000, coding)) < 500


def raw(served: Served, path: str, coding: str) -> tuple[bytes, dict[str, str]]:
    """Body as it came, and headers."""
    import httpx

    with httpx.stream("GET", served.url + path, headers={"accept-encoding": coding}, timeout=20) as answer:
        return b"".join(answer.iter_raw()), dict(answer.headers)


@pytest.mark.parametrize("kind", ["json", "csv", "arrow", "parquet"])
def test_answers_are_compressed_for_whoever_reads_them(served: Served, publisher: Publisher, kind: str) -> None:
    publisher.readings(range(1, 301), finals=[100])
    path = f"/v1/markets/test/readings?format={kind}"
    whole, _ = raw(served, path, "identity")
    for coding in ("gzip", "zstd"):
        body, headers = raw(served, path, coding)
        if kind == "parquet":  # compressed within
            assert "content-encoding" not in headers
            continue
        assert headers["content-encoding"] == coding
        assert "accept-encoding" in headers["vary"]
        assert plain(body, coding) == whole
        assert len(body) < len(whole) / 3


def test_small_answers_are_left_alone(served: Served) -> None:
    body, headers = raw(served, "/healthz", "gzip")
    assert len(body) < SMALLEST
    assert "content-encoding" not in headers


def test_files_of_the_page_are_compressed_under_a_weaker_tag(config: ApiConfig, tmp_path: Path) -> None:
    import dataclasses

    (tmp_path / "index.html").write_text("<p>hello</p>" * 500)
    with serving(dataclasses.replace(config, static=tmp_path)) as served:
        body, headers = raw(served, "/", "gzip")
        assert zlib.decompress(body, 31) == b"<p>hello</p>" * 500
        assert headers["etag"].startswith('W/"')
        again = served.get("/", headers={"if-none-match": headers["etag"]})
        assert again.status_code == 304
