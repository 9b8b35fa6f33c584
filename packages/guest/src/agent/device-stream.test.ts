import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { jsonLogger, nodeClock } from "@mvm/core";
import { deviceStream, type ByteDevice } from "./device-stream.ts";
import { serveGuest, type GuestService } from "./server.ts";

/** A port as the kernel has it: reads give 0 while no host is connected, wait while one is, and writes take a part. */
function fakePort() {
  let connected = false;
  const toGuest: Buffer[] = [];
  const toHost: Buffer[] = [];
  let emptyReads = 0;
  let wake: () => void = () => undefined;
  const device: ByteDevice = {
    async read(buffer) {
      while (toGuest.length === 0) {
        if (!connected) {
          emptyReads += 1;
          return 0;
        }
        const woken = Promise.withResolvers<null>();
        wake = () => woken.resolve(null);
        await woken.promise;
      }
      return (toGuest.shift() ?? Buffer.alloc(0)).copy(buffer);
    },
    async write(bytes) {
      const part = bytes.subarray(0, 5);
      toHost.push(Buffer.from(part));
      return part.length;
    },
  };
  const host = {
    connect: () => (connected = true),
    disconnect() {
      connected = false;
      wake();
    },
    send(text: string) {
      toGuest.push(Buffer.from(text));
      wake();
    },
    received: () => Buffer.concat(toHost).toString("utf8"),
    emptyReads: () => emptyReads,
  };
  return { device, host };
}

const service = { health: async () => ({ ready: true, reason: "booted", failure: null }) } as unknown as GuestService;
const quiet = jsonLogger(() => undefined, nodeClock);
const answerTo = (id: string): string =>
  `{"jsonrpc":"2.0","id":"${id}","result":{"ready":true,"reason":"booted","failure":null}}\n`;

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 300, "it did not happen");
    await nodeClock.sleep(10);
  }
}

test("a host that comes, asks half a question, goes and comes again is served each time", async () => {
  const { device, host } = fakePort();
  const stream = deviceStream(device, nodeClock);
  const served = serveGuest({ stream, service, log: quiet });

  host.connect();
  host.send('\n{"jsonrpc":"2.0","id":"one","method":"health"}\n{"jsonrpc":"2.0","id":"to');
  await until(() => host.received() === answerTo("one"));
  host.disconnect();
  await nodeClock.sleep(20);
  host.connect();
  host.send('\n{"jsonrpc":"2.0","id":"two","method":"health"}\n');
  await until(() => host.received().endsWith(answerTo("two")));

  stream.destroy();
  await served;
});

test("without a host the port is asked ever more seldom, not in a busy loop", async () => {
  const { device, host } = fakePort();
  const stream = deviceStream(device, nodeClock);
  stream.resume();
  await nodeClock.sleep(400);
  assert.ok(host.emptyReads() >= 3 && host.emptyReads() < 12, `${host.emptyReads()} reads in 400 ms`);
  stream.destroy();
});

test("a device that breaks ends the stream with its error", async () => {
  const stream = deviceStream({ read: () => Promise.reject(new Error("ENODEV")), write: async () => 0 }, nodeClock);
  const broken = once(stream, "error");
  stream.resume();
  const [error] = (await broken) as [Error];
  assert.match(error.message, /ENODEV/);
});
