"""Follows an index straight from Redis: python consume_redis.py redis://:secret@127.0.0.1:6379/0 us-open."""

import json
import sys

import redis

client, last = redis.Redis.from_url(sys.argv[1], socket_timeout=None, protocol=2), "0-0"
while True:
    for _stream, entries in client.xread({f"esi:{sys.argv[2]}:readings": last}, block=1000):
        for last, fields in entries:  # keep the last one: it is where to go on
            reading = json.loads(fields[b"reading"])
            print(last.decode(), reading["at"], reading["final"], reading["index"], flush=True)
