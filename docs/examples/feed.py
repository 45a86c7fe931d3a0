"""Follows an index over the WebSocket, and goes on where it was after a break.

python feed.py ws://127.0.0.1:8137 us-open [number of readings after which to stop]
"""

import asyncio
import json
import sys
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def follow(server: str, market: str, count: int) -> None:
    """Prints each reading once: `since` makes sure that none is missed, `delta` that only what changed is sent."""
    since, reading = "", {}
    while count:
        try:
            query = urlencode({"market": market, "since": since, "delta": 1})
            async with connect(f"{server}/v1/feed?{query}", compression=None, max_queue=1024) as socket:
                async for text in socket:
                    frame = json.loads(text)
                    if frame["type"] == "error":
                        sys.exit(f"{frame['title']}: {frame['detail']}")
                    if frame["type"] in {"snapshot", "reset", "update", "delta"} and frame["data"] is not None:
                        since = f"{frame['epoch']}:{frame['id']}"
                        kept = reading if frame["type"] == "delta" else {}
                        gone = frame.get("gone", ())
                        reading = {name: value for name, value in kept.items() if name not in gone} | frame["data"]
                        print(frame["id"], reading["at"], reading["final"], reading["index"], flush=True)
                        count -= 1
                        if not count:
                            return
        except (OSError, ConnectionClosed) as error:
            print(f"again in a second: {error}", file=sys.stderr)
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else -1))
