// An HTTP server for the outside of tests: answers on the given port and on the one above it.
import { createServer } from "node:http";

const port = Number(process.argv[2]);
for (const each of [port, port + 1])
  createServer((_, response) => response.end("hello from outside\n")).listen(each, "0.0.0.0");
console.log("listening");
