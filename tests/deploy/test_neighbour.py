"""A verb that is called beside `esi up` uses its servers."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from deploy.neighbour import joined
from deploy.settings import Settings
from deploy.state import Lock, Up


def test_the_servers_of_a_running_up_are_used(tmp_path: Path) -> None:
    nothing = {"kafka_url": None, "redis_url": None, "postgres_url": None}
    settings = Settings(_env_file=None, data_dir=tmp_path).with_(**nothing)
    up = Up(os.getpid(), time.time(), "", "127.0.0.1:9", "unix:///run/v.sock?db=0", "postgresql://esi@/esi")
    up.write(tmp_path)
    address = {"bootstrap": "127.0.0.1:9", "incarnation": "abc", "pid": 1}
    (tmp_path / "broker.json").write_text(json.dumps(address))
    assert joined(settings) == settings  # nobody holds the folder: it has ended
    lock = Lock(tmp_path)
    told = joined(settings)
    kept = joined(settings.with_(kafka_url="real:9092"))
    lock.release()
    assert (told.kafka_url, told.broker_incarnation) == ("127.0.0.1:9", "abc")
    assert told.redis_url is not None
    assert told.redis_url.get_secret_value() == "unix:///run/v.sock?db=0"
    assert (kept.kafka_url, kept.broker_incarnation) == ("real:9092", "")
