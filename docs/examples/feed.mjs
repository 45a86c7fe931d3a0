// Follows an index over the WebSocket, and goes on where it was after a break. Browsers, and Node 22 or later.
// node feed.mjs ws://127.0.0.1:8137 us-open [number of readings after which to stop]

const [server, market, count] = process.argv.slice(2);
let left = Number(count ?? Infinity);
let since = "";
let reading = {};

function follow() {
  const query = new URLSearchParams({ market, since, delta: 1 });
  const socket = new WebSocket(`${server}/v1/feed?${query}`);
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type === "error") throw new Error(`${frame.title}: ${frame.detail}`);
    if (!["snapshot", "reset", "update", "delta"].includes(frame.type) || frame.data === null || left === 0) return;
    since = `${frame.epoch}:${frame.id}`;
    reading = { ...(frame.type === "delta" ? reading : {}), ...frame.data }; // a delta has only what changed
    for (const name of frame.gone ?? []) delete reading[name];
    const { at, final, index } = reading;
    console.log(frame.id, at, final, index);
    left -= 1;
    if (left === 0) socket.close();
  };
  socket.onclose = () => {
    if (left > 0) setTimeout(follow, 1000);
  };
}

follow();
