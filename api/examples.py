"""An example of every answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.alerting.rest.examples import EXAMPLES as ALERT_EXAMPLES
from api.identity.rest import answers as identity_answers

READING: dict[str, Any] = {
    "market": "us-open",
    "at": "2008-10-15T20:00:00Z",
    "final": True,
    "index": 78.4,
    "percentile": 99.2,
    "level": "severe",
    "form": "ciss",
    "contributions": {"commodities": 21.1, "credit": 24.9, "equity": 32.4},
    "forms": {"ciss": 78.4, "rank_mean": 90.1, "z_mean": 84.0},
    "change": None,
    "coverage": 1.0,
    "staleness": {"max_s": 0.0, "stale": 0},
    "flags": [],
    "version": "1:us-open",
    "prev_hash": "00",
    "hash": "ff",
}
_MATRIX = {"names": ["credit", "equity"], "values": [[1.0, 0.62], [0.62, 1.0]]}
_ROW = {
    "name": "S&P 500 volatility",
    "segment": "equity",
    "kind": "realized_volatility",
    "raw": 0.61,
    "score": 0.998,
    "contribution": 16.2,
    "weight": 0.5,
    "age_s": 0.0,
}
_SPAN = {"epoch": "5f0c2a9e", "last": "1224100800000-1", "next": None}
_DEFINITION = {
    "name": "us-open",
    "run": None,
    "edition": 1,
    "title": "US financial stress, open history",
    "about": "Daily history of five series.",
    "feed": "us-open",
    "calendar": "XNYS",
    "period": "session",
    "step": "period",
    "bar": 86_400_000_000,
    "form": "ciss",
    "horizon": "1 session",
    "synthetic": False,
    "version": "1:us-open",
    "instruments": [{"name": "SPX", "kind": "price", "unit": "index points", "why": "Large shares."}],
    "segments": [
        {
            "name": "equity",
            "weight": 1.0,
            "indicators": [{"name": "S&P 500 volatility", "kind": "realized_volatility", "of": ["SPX"], "weight": 1.0}],
        }
    ],
    "since": "1999-01-04T21:00:00Z",
    "hours": [["2008-10-16T13:30:00Z", "2008-10-16T20:00:00Z"]],
}

_VERSION = {
    "name": "us-open-lstm",
    "version": "2026-11",
    "roles": ["champion"],
    "manifest": {
        "name": "us-open-lstm",
        "version": "2026-11",
        "kind": "forecast",
        "market": "us-open",
        "horizon": 1,
        "schema": "5d0c",
        "features": 34,
        "trained_from": "1999-05-04T20:00:00Z",
        "trained_to": "2021-12-31T21:00:00Z",
        "metrics": {"pinball": 0.231, "skill_over_persistence": 0.011},
        "opset": 20,
        "code": "0.1.0",
        "created_at": "2026-11-26T12:00:00Z",
        "files": {"model.onnx": "9a", "golden.npz": "b1", "report.json": "77"},
        "format": 1,
    },
    "fault": None,
    "verdict": {"at": "2026-11-26T12:00:04Z", "losses": {"candidate": 0.231, "champion": 0.236}, "against": "2026-08"},
}
_SERVING = {
    "name": "us-open-lstm",
    "role": "champion",
    "ordered": "2026-11",
    "version": "2026-11",
    "kind": "forecast",
    "periods": 1,
    "reason": None,
    "weight": 0.14,
    "skill": 0.012,
    "surprise": None,
    "probability": None,
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Definition": _DEFINITION,
    "Markets": {"markets": [_DEFINITION]},
    "Latest": {
        "market": "us-open",
        "epoch": "5f0c2a9e",
        "id": "1224100800000-1",
        "sent_ns": 1_700_000_000_000_000_000,
        "reading": READING,
        "final_id": "1224100800000-1",
        "final": READING,
    },
    "Readings": {"market": "us-open", "readings": [READING], **_SPAN},
    "Contributions": {
        "market": "us-open",
        "at": [READING["at"]],
        "final": [True],
        "index": [78.4],
        "contributions": {"commodities": [21.1], "credit": [24.9], "equity": [32.4]},
        "indicators": {"at": READING["at"], "rows": [_ROW]},
        **_SPAN,
    },
    "Correlations": {
        "market": "us-open",
        "at": READING["at"],
        "segments": _MATRIX,
        "instruments": {"names": ["SPX"], "values": [[1.0]]},
        "volatility": {"SPX": 0.61},
    },
    "Attribution": {
        "market": "us-open",
        "epoch": "5f0c2a9e",
        "from": {"id": "1223409600000-1", "at": "2008-10-07T20:00:00Z", "final": True, "index": 70.0},
        "to": {"id": "1224100800000-1", "at": READING["at"], "final": True, "index": 78.5},
        "splits": 6,
        "moved": {
            "total": 8.5,
            "level": {"commodities": 1.0, "credit": 4.0, "equity": 2.0},
            "correlation": 1.5,
            "composition": 0.0,
            "rest": 0.0,
        },
        "segments": [
            {"name": "commodities", "before": 19.5, "after": 21.0, "change": 1.5},
            {"name": "credit", "before": 20.0, "after": 25.0, "change": 5.0},
            {"name": "equity", "before": 30.5, "after": 32.5, "change": 2.0},
        ],
        "indicators": [
            {"name": "S&P 500 volatility", "segment": "equity", "before": 15.0, "after": 16.5, "change": 1.5}
        ],
    },
    "Audit": {
        "market": "us-open",
        "ok": False,
        "count": 2450,
        "first": {"id": "915483600000-1", "at": "1999-01-04T21:00:00Z", "hash": "0c"},
        "last": {"id": "1223928000000-1", "at": "2008-10-13T20:00:00Z", "hash": "a4"},
        "head": "a4",
        "versions": [{"version": "1-2-3f2a90bc", "since": "1999-01-04T21:00:00Z", "count": 2450}],
        "broken": {
            "id": "1224100800000-1",
            "kind": "gap",
            "what": "it was sealed behind b7; the entry before it is 1223928000000-1 with the hash a4",
        },
        "next": None,
    },
    "Forecasts": {
        "market": "us-open",
        "at": READING["at"],
        "forecasts": [
            {
                "periods": 1,
                "levels": [0.05, 0.5, 0.95],
                "quantiles": [76.1, 78.5, 81.9],
                "skill": 0.015,
                "coverage": [{"nominal": 0.9, "overall": 0.899, "stress": 0.918}],
                "labels": [2370, 410],
                "experts": [{"name": "persistence", "weight": 0.21, "skill": 0.0, "quantiles": [76.0, 78.4, 82.0]}],
            }
        ],
    },
    "Condition": {
        "market": "us-open",
        "at": READING["at"],
        "regime": {
            "name": "stress",
            "dwell": 19,
            "probabilities": {"calm": 0.0, "tense": 0.01, "stress": 0.99},
            "change": 0.04,
            "run": 61,
        },
        "anomaly": {"probability": 0.004, "trees": 0.9, "turbulence": 1.3},
        "drift": {
            "found": [],
            "counts": {"adwin": 0, "page_hinkley": 1, "kswin": 0},
            "since": 480,
            "retrain": None,
        },
    },
    "Models": {"models": [_VERSION]},
    "MarketModels": {
        "market": "us-open",
        "at": READING["at"],
        "models": [
            _SERVING,
            {**_SERVING, "role": "challenger", "ordered": "2026-12", "version": "2026-12", "weight": 0.0},
        ],
        "versions": [_VERSION],
    },
    "Scores": {
        "market": "us-open",
        "periods": 1,
        "at": ["2008-10-14T20:00:00Z", READING["at"]],
        "skill": [0.014, 0.015],
        "skills": {"persistence": [0.0, 0.0], "har": [None, 0.011]},
        "weights": {"persistence": [0.61, 0.6], "har": [0.39, 0.4]},
        "coverage": [{"nominal": 0.9, "overall": [0.899, 0.899], "stress": [None, 0.918]}],
        "labels": [2369, 2370],
        "regime": ["stress", "stress"],
        "probabilities": {"calm": [0.0, 0.0], "tense": [0.02, 0.01], "stress": [0.98, 0.99]},
        "change": [0.05, 0.04],
        "anomaly": [0.02, 0.004],
        "drifts": [0, 1],
        **_SPAN,
    },
    "Ready": {
        "status": "not ready",
        "checks": {
            "redis": {"ok": True, "detail": "answers"},
            "postgres": {"ok": False, "detail": "does not answer"},
        },
        "missing": ["postgres"],
    },
    "ProblemDetails": {
        "type": "about:blank",
        "title": "Unknown market",
        "status": 404,
        "detail": "No flow publishes 'us-opne'. GET /v1/markets lists what there is.",
        "instance": "/v1/markets/us-opne",
        "request_id": "9f2c1b0a7d6e5f43",
    },
    **ALERT_EXAMPLES,
    **identity_answers.EXAMPLES,
}
