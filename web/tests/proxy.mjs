// A way to the server that can break, as a network does: it counts what the browser sends, and cuts or holds it.
import { createServer, connect } from "node:net";

export async function through(address) {
  const goal = new URL(address);
  const open = new Set();
  const way = { sent: 0, cutAt: [], holdAt: Infinity, address: "", cut: () => open.forEach((one) => one.destroy()), close: () => new Promise((resolve) => { way.cut(); server.close(resolve); }) };
  const server = createServer((from) => {
    const to = connect(Number(goal.port), "127.0.0.1");
    const end = () => { from.destroy(); to.destroy(); open.delete(from); };
    open.add(from);
    from.on("data", (data) => {
      way.sent += data.length;
      if (way.sent > (way.cutAt[0] ?? Infinity)) { // in the middle of whatever it is
        way.cutAt.shift();
        way.cut();
      } else if (way.sent > way.holdAt) from.pause();
      else if (!to.write(data)) { from.pause(); to.once("drain", () => from.resume()); }
    });
    to.on("data", (data) => from.write(data));
    for (const one of [from, to]) one.on("error", end).on("close", end);
  });
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  way.address = `http://localhost:${server.address().port}`;
  return way;
}
