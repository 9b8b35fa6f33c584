// A guest that does as the tests say, as root: the attacker and the witness inside a test VM.
// POST /run {"argv":[…],"timeout_ms":n} → {"code","stdout","stderr"}. In no image but the tests'.
import { execFile } from "node:child_process";
import { createServer } from "node:http";

const PORT = 7000;
const MAX_BODY_BYTES = 1 << 20;

const run = ({ argv: [program, ...rest], timeout_ms: timeout = 10_000 }) =>
  new Promise((resolve) => {
    execFile(program, rest, { timeout, maxBuffer: 4 << 20 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? -1), stdout, stderr }),
    );
  });

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) throw new Error("body too large");
  }
  return JSON.parse(text);
}

createServer(async (request, response) => {
  try {
    const answer = request.url === "/run" ? await run(await bodyOf(request)) : { ok: true };
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(400).end(JSON.stringify({ error: String(error) }));
  }
}).listen(PORT, "0.0.0.0");
