"""Who is admitted: whole, safe, itself, finite, quick, and on its gate set not worse than the champion."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from models.registry import manifest as manifests
from models.registry.manifest import GOLDEN, MANIFEST, MODEL, REPORT
from models.registry.refusals import ModelRefusedError
from models.serving import admission
from models.serving.admission import Admitted, admit, check_gate, gate_loss
from tests.models import exported, onnx_made, tape

MARKET = tape.market()
SAID = exported.manifest(MARKET)
F = SAID.features
VAE = exported.manifest(MARKET, "vae", kind="anomaly", horizon=0)


def admitted(folder: Path) -> Admitted:
    return admit(folder, time.thread_time_ns)


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ModelRefusedError) as caught:
        act()
    return caught.value.reason, caught.value.text


@pytest.mark.parametrize("made", [onnx_made.lstm(F), onnx_made.transformer(F), onnx_made.centred(F)])
def test_models_like_the_trained_ones_are_admitted(tmp_path: Path, made: ModelProto) -> None:
    one = admitted(exported.save(tmp_path, SAID, made))
    assert one.model.manifest.files
    assert np.isfinite(one.model.quantiles(np.zeros((50, F)))).all()
    assert not len(one.model.past)


def test_a_watch_knows_how_surprised_it_was(tmp_path: Path) -> None:
    one = admitted(exported.save(tmp_path, VAE, onnx_made.autoencoder(F)))
    assert one.model.past.shape == (80,)
    assert (one.model.past > 0).all()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda f: (f / MODEL).write_bytes((f / MODEL).read_bytes()[:-200]), "wrong_hash"),
        (lambda f: (f / MODEL).unlink(), "missing"),
        (lambda f: (f / GOLDEN).unlink(), "missing"),
        (lambda f: (f / REPORT).write_text("{}"), "wrong_hash"),
        (lambda f: (f / MANIFEST).unlink(), "missing"),
        (lambda f: (f / MANIFEST).write_bytes((f / MANIFEST).read_bytes()[:40]), "unreadable"),
        (lambda f: [p.unlink() for p in f.iterdir()] + [f.rmdir()], "missing"),
    ],
    ids=["cut model", "no model", "no golden", "other report", "half written", "cut manifest", "deleted"],
)
def test_a_damaged_folder_is_named(tmp_path: Path, damage: Callable[[Path], object], reason: str) -> None:
    folder = exported.save(tmp_path, SAID, onnx_made.centred(F))
    damage(folder)
    assert refusal(lambda: admitted(folder))[0] == reason


def test_a_true_hash_of_a_bad_file_does_not_help(tmp_path: Path) -> None:
    whole = onnx_made.centred(F).SerializeToString()
    for raw, reason in ((whole[:-30], "unreadable"), (b"", "unreadable"), (b"\x00" * 64, "unreadable")):
        folder = exported.save(tmp_path, SAID, raw)
        assert refusal(lambda folder=folder: admitted(folder))[0] == reason  # type: ignore[misc] # a default binds it
    flawed = onnx_made.centred(F)
    flawed.graph.node[0].op_type = "NoSuchOperator"
    assert refusal(lambda: admitted(exported.save(tmp_path, SAID, flawed)))[0] == "failed"


@pytest.mark.parametrize("raw", [b"", b"no zip", b"PK\x05\x06" + b"\x00" * 18])
def test_golden_arrays_that_are_none(tmp_path: Path, raw: bytes) -> None:
    folder = exported.save(tmp_path, SAID, onnx_made.centred(F))
    (folder / GOLDEN).write_bytes(raw)
    manifests.write(folder, SAID)
    assert refusal(lambda: admitted(folder))[0] in {"unreadable", "missing"}


def test_golden_arrays_run_no_code_and_take_no_more_room_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx_made.centred(F)
    evil = {"window": np.array([Path("/")], object)}
    assert refusal(lambda: admitted(exported.save(tmp_path, SAID, model, evil)))[0] == "unreadable"
    monkeypatch.setattr(admission, "LARGEST_ARRAYS", 1000)
    assert refusal(lambda: admitted(exported.save(tmp_path, SAID, model)))[0] == "oversized"


def test_a_model_that_says_no_numbers_stays_out(tmp_path: Path) -> None:
    assert refusal(lambda: admitted(exported.save(tmp_path, SAID, onnx_made.not_finite(F))))[0] == "not_finite"


@pytest.mark.parametrize("off", [1e-4, np.nan])
def test_a_model_that_is_not_what_was_trained_stays_out(tmp_path: Path, off: float) -> None:
    made = onnx_made.lstm(F)
    arrays = exported.golden(made.SerializeToString(), SAID)
    arrays["quantiles"] = arrays["quantiles"] + np.float32(off)
    reason, text = refusal(lambda: admitted(exported.save(tmp_path, SAID, made, arrays)))
    assert reason == "not_itself"
    assert "at most 1e-05" in text
    arrays["quantiles"] = arrays["quantiles"][:, :5]
    assert refusal(lambda: admitted(exported.save(tmp_path, SAID, made, arrays)))[0] == "not_itself"


def test_parity_forgives_what_floats_cannot_help(tmp_path: Path) -> None:
    made = onnx_made.lstm(F)
    arrays = exported.golden(made.SerializeToString(), SAID)
    arrays["quantiles"] = arrays["quantiles"] + np.float32(5e-6)
    assert admitted(exported.save(tmp_path, SAID, made, arrays))


def test_a_model_that_takes_a_hundred_times_as_long_stays_out(tmp_path: Path) -> None:
    reason, text = refusal(lambda: admitted(exported.save(tmp_path, SAID, onnx_made.slow(F))))
    assert reason == "too_slow"
    assert "µs" in text


def test_pace_is_that_of_the_best_run(tmp_path: Path) -> None:
    """A machine that is busy half of the time refuses nobody."""
    ticks = iter(np.cumsum([0, 9_000_000, 0, 9_000_000, 0, 300_000] + [0, 9_000_000] * 40).tolist())
    assert admit(exported.save(tmp_path, SAID, onnx_made.centred(F)), lambda: next(ticks))


def test_a_model_that_never_gives_an_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_S", 0.01)
    made = onnx_made.slow_at_work(F, 20_000_000)
    arrays = exported.golden(onnx_made.centred(F).SerializeToString(), SAID)
    reason, text = refusal(lambda: admitted(exported.save(tmp_path, SAID, made, arrays)))
    assert reason == "too_slow"
    assert "did not answer" in text


def test_a_loop_which_nobody_could_end_at_work_is_not_even_loaded(tmp_path: Path) -> None:
    arrays = exported.golden(onnx_made.centred(F).SerializeToString(), SAID)
    reason, text = refusal(lambda: admitted(exported.save(tmp_path, SAID, onnx_made.endless(F), arrays)))
    assert reason == "unsafe"
    assert "asks for a Loop, which may go on for ever" in text


def test_who_was_admitted_before_is_not_tried_again(tmp_path: Path) -> None:
    folder = exported.save(tmp_path, SAID, onnx_made.centred(F))

    def no_clock() -> int:
        raise AssertionError

    assert admit(folder, no_clock, known=True)
    (folder / MODEL).write_bytes(b"another")
    assert refusal(lambda: admit(folder, no_clock, known=True))[0] == "wrong_hash"


def test_a_candidate_must_not_lose_to_the_champion(tmp_path: Path) -> None:
    good = admitted(exported.save(tmp_path, SAID, onnx_made.centred(F)))
    bad = admitted(exported.save(tmp_path, exported.manifest(MARKET, version="2"), onnx_made.centred(F, middle=1.0)))
    same = admitted(exported.save(tmp_path, exported.manifest(MARKET, version="3"), onnx_made.centred(F)))
    assert gate_loss(good.model, good.golden) < gate_loss(bad.model, bad.golden)
    assert check_gate(good, bad)["candidate"] < check_gate(good, bad)["champion"]
    assert check_gate(same, good)
    assert check_gate(bad, None)
    reason, text = refusal(lambda: check_gate(bad, good))
    assert reason == "worse"
    assert "lstm 2" in text
    assert "lstm 1" in text


def test_watches_are_compared_by_their_mean_surprise(tmp_path: Path) -> None:
    one = admitted(exported.save(tmp_path, VAE, onnx_made.autoencoder(F, seed=3)))
    two = admitted(exported.save(tmp_path, exported.manifest(MARKET, "vae", "2", kind="anomaly", horizon=0),
                                 onnx_made.autoencoder(F, seed=4)))  # fmt: skip
    better, worse = sorted([one, two], key=lambda a: gate_loss(a.model, a.golden))
    assert check_gate(better, worse)
    assert refusal(lambda: check_gate(worse, better))[0] == "worse"


def test_without_a_gate_set_nobody_becomes_champion(tmp_path: Path) -> None:
    made = onnx_made.centred(F)
    arrays = {k: v for k, v in exported.golden(made.SerializeToString(), SAID).items() if not k.startswith("gate")}
    one = admitted(exported.save(tmp_path, SAID, made, arrays))
    reason, text = refusal(lambda: check_gate(one, None))
    assert reason == "missing"
    assert "gate_window and no gate_change" in text
