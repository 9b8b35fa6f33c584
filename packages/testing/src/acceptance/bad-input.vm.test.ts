/**
 * What a person can get wrong, as that person meets it: at the real program, its coordinator and
 * its agent. Each mistake gets the documented exit code and an error that names place, value and
 * remedy, and nothing is changed by it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { InstanceView } from "@mvm/core";
import * as z from "zod";
import { requires } from "../requirements.ts";
import { imagesDir } from "../test-images.ts";
import { buildImage, type CliResult, createWorld, runCli, type World } from "./world.ts";

const FIRST_PORT = 23_500;

const pool = (lines: string): string => `[[tenants.pools]]
pool_id = "vm"
role = "probe"
profile = "probe"
${lines}
`;
const RUNNING = "desired_counts = { running = 1 }";
const tenant = (pools: string): string => `[[tenants]]
tenant_id = "acme"
${pools}
`;
const fleet = (tenants: string): string => `schema_version = 1
${tenants}`;

interface Mistake {
  readonly name: string;
  readonly fleet: string;
  readonly exit: number;
  readonly code: string;
  /** Place, value and remedy, in this order or another. */
  readonly says: readonly RegExp[];
}

const mistakes: readonly Mistake[] = [
  {
    name: "an unknown key",
    fleet: fleet(tenant(pool("desired_count = { running = 1 }"))),
    exit: 2,
    code: "MVM_CONFIG_INVALID",
    says: [/fleet\.toml:8:1/, /desired_count\b/, /desired_counts/],
  },
  {
    name: "an unknown profile",
    fleet: fleet(tenant(pool(RUNNING).replace('"probe"\ndesired', '"prob"\ndesired'))),
    exit: 2,
    code: "MVM_TYPE_UNKNOWN",
    says: [/fleet\.toml:7:11/, /'prob'/, /Declared: .*probe/],
  },
  {
    name: "memory below what the profile needs",
    fleet: fleet(tenant(pool(`${RUNNING}\nresources = { mem_mib = 128 }`))),
    exit: 2,
    code: "MVM_FLEET_INVALID",
    says: [/fleet\.toml:9:/, /128/, /192/],
  },
  {
    name: "an instance larger than the node",
    fleet: fleet(tenant(pool(`${RUNNING}\nresources = { mem_mib = 262144 }`))),
    exit: 3,
    code: "MVM_FLEET_CAPACITY",
    says: [/fleet\.toml:9:25/, /an instance of \d+ MiB \(262144 and \d+ for its VMM\)/, /which has \d+ MiB/, /Lower/],
  },
  {
    name: "more instances than the node has memory for",
    fleet: fleet(tenant(pool("desired_counts = { running = 100 }\nresources = { mem_mib = 8192 }"))),
    exit: 3,
    code: "MVM_FLEET_CAPACITY",
    says: [/fleet\.toml:\d+:\d+/, /100 running instances of \d+ MiB \(8192 and /, /which has \d+ MiB/, /Lower/],
  },
  {
    name: "a tenant twice",
    fleet: fleet(tenant(pool(RUNNING)) + tenant(pool(RUNNING))),
    exit: 2,
    code: "MVM_FLEET_DUPLICATE",
    says: [/fleet\.toml:11:13/, /'acme'/, /line 3/, /Rename/],
  },
  {
    name: "an address by hand",
    fleet: fleet(tenant(`ipv4_subnet = "10.9.9.0/24"\n${pool(RUNNING)}`)),
    exit: 2,
    code: "MVM_CONFIG_INVALID",
    says: [/fleet\.toml:4:1/, /ipv4_subnet/, /coordinator/],
  },
];

const skip = await requires("root", "qemu", "network", "volumes", "images");

describe("bad input", { skip, timeout: 10 * 60_000 }, () => {
  let world: World;

  before(async () => {
    world = await createWorld({ name: "bi", fleet: "", range: 105, firstIngressPort: FIRST_PORT });
    await buildImage(world, "probe", "probe");
  });
  after(async () => {
    await world.close();
  });

  const apply = async (text: string): Promise<CliResult> => {
    await writeFile(world.fleetPath, text);
    return world.mvm("fleet", "apply", world.fleetPath, "--timeout", "60s");
  };
  const refused = (result: CliResult, { exit, code, says }: Omit<Mistake, "name" | "fleet">): void => {
    assert.equal(result.code, exit, result.stderr);
    for (const word of [new RegExp(code), ...says]) assert.match(result.stderr, word);
  };

  for (const mistake of mistakes) {
    test(`${mistake.name} in the fleet file changes nothing`, async () => {
      const shown = await world.json("fleet", "show");
      refused(await apply(mistake.fleet), mistake);
      assert.deepEqual(await world.json("fleet", "show"), shown);
      assert.deepEqual(await world.json("instance", "list"), { ...(await instancesOf(world)), instances: [] });
    });
  }

  test("an unknown key in mvm.toml", async () => {
    const path = join(world.dir, "typo.toml");
    const text = await readFile(world.configPath, "utf8");
    await writeFile(path, text.replace("parallel_starts", "paralel_starts"));
    const line = text.split("\n").findIndex((each) => each.startsWith("parallel_starts")) + 1;
    refused(await runCli(["--config", path, "config", "validate"]), {
      exit: 2,
      code: "MVM_CONFIG_INVALID",
      says: [new RegExp(`typo\\.toml:${line}:1`), /paralel_starts/, /parallel_starts/],
    });
  });

  test("an agent, and a coordinator, that runs already", async () => {
    refused(await world.mvm("agent", "run"), {
      exit: 3,
      code: "MVM_AGENT_ALREADY_RUNNING",
      says: [new RegExp(world.dir), /mvm node status/],
    });
    refused(await world.mvm("coordinator", "run"), {
      exit: 3,
      code: "MVM_COORDINATOR_ALREADY_RUNNING",
      says: [new RegExp(world.dir)],
    });
    assert.equal((await world.mvm("node", "status")).code, 0);
  });

  test("an ingress port that another program holds", async () => {
    const holder = createServer().listen(FIRST_PORT, "127.0.0.1");
    try {
      refused(await apply(fleet(tenant(pool(RUNNING)))), {
        exit: 3,
        code: "MVM_INGRESS_PORT_TAKEN",
        says: [/acme-vm-0/, new RegExp(String(FIRST_PORT)), /ss -ltnp|\[ingress\]/],
      });
      const [instance] = (await instancesOf(world)).instances;
      assert.equal(instance?.status?.pid ?? null, null);
    } finally {
      holder.close();
    }
    const { code, stderr } = await world.mvm("tenant", "destroy", "acme", "--yes");
    assert.equal(code, 0, stderr);
  });

  test("an image that was altered after its build", async () => {
    const spoilt = await mkdtemp(`${imagesDir()}-spoilt-`);
    try {
      await spoilImage(world, spoilt);
      await world.end("agent", "SIGTERM");
      const config = await readFile(world.configPath, "utf8");
      await writeFile(world.configPath, config.replace(`"${imagesDir()}"`, `"${spoilt}"`));
      await world.start("agent");
      refused(await apply(fleet(tenant(pool(RUNNING)))), {
        exit: 3,
        code: "MVM_IMAGE_CORRUPTED",
        says: [/acme-vm-0/, /rootfs/, /mvm image build/],
      });
      const [instance] = (await instancesOf(world)).instances;
      assert.equal(instance?.status?.pid ?? null, null);
    } finally {
      await rm(spoilt, { recursive: true, force: true });
    }
  });
});

const InstanceList = z.object({ instances: z.array(InstanceView) }).loose();

async function instancesOf(world: World): Promise<z.infer<typeof InstanceList>> {
  return InstanceList.parse(await world.json("instance", "list"));
}

const Images = z.object({
  images: z.array(
    z.object({ profile: z.string(), artifacts: z.object({ rootfs: z.object({ file: z.string() }) }).loose() }).loose(),
  ),
});

/** Makes a catalogue like the shared one in `dir`, by hard links, but with one wrong byte in probe's root file system. */
async function spoilImage(world: World, dir: string): Promise<void> {
  await promisify(execFile)("cp", ["-al", `${imagesDir()}/.`, dir]);
  const { images } = Images.parse(await world.json("image", "list"));
  const image = images.find(({ profile }) => profile === "probe");
  assert.ok(image);
  const path = join(dir, image.artifacts.rootfs.file);
  // A file of its own first: the shared one keeps its bytes.
  await copyFile(path, `${path}.new`);
  await rename(`${path}.new`, path);
  const file = await open(path, "r+");
  try {
    const middle = Math.floor((await file.stat()).size / 2);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, middle);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, middle);
  } finally {
    await file.close();
  }
}
