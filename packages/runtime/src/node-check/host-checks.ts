/** Checks of the machine and its kernel: network, side channels, clock, memory. Pure. */
import { missing, ok, warn, type Finding } from "../finding.ts";
import type { Check } from "./check.ts";
import type { CpuFacts, KsmFacts, MemoryFacts, NetworkFacts } from "./node-facts.ts";

/** The smallest guest that is of use. */
const LEAST_GUEST_MIB = 256;
const LEAST_RESERVED_MIB = 512;
/** Kernels that Firecracker's makers test (docs/kernel-policy.md). */
const TESTED_KERNEL = /^(6\.1|6\.18)[.-]/;
/** The first kernel with `cgroup.kill`, the only way that a VM is ended. */
const LEAST_KERNEL = [5, 14] as const;
const STRICT_OVERCOMMIT = "2";
/** The kernel's default (arch/x86/kvm/x86.c). */
const LEAST_TIMER_PERIOD_US = 200;

export const hostChecks: readonly Check[] = [
  {
    name: "nftables",
    promise: "Between tenants nothing passes: every packet of a guest meets a rule.",
    neededIn: "every mode",
    judge: ({ network }) => judgeNftables(network),
  },
  {
    name: "network",
    promise: "Every tenant has a network of its own, every VM a tap in it.",
    neededIn: "every mode",
    judge: ({ network }) => judgeNetwork(network),
  },
  {
    name: "ksm",
    promise: "No tenant learns by timing what memory another one holds.",
    neededIn: "production",
    judge: ({ ksm }) => judgeKsm(ksm),
  },
  {
    name: "guest-timers",
    promise: "No guest's timer keeps a thread of the kernel busy, outside the limits of its control group.",
    neededIn: "production",
    judge: ({ guestTimerPeriodUs }) => judgeGuestTimers(guestTimerPeriodUs),
  },
  {
    name: "smt",
    promise: "No tenant reads a core's buffers beside another one.",
    neededIn: "production",
    judge: ({ cpu }) => judgeSmt(cpu),
  },
  {
    name: "microcode",
    promise: "The processor's known weaknesses are mended.",
    neededIn: "production",
    judge: ({ cpu }) => judgeMicrocode(cpu),
  },
  {
    name: "kernel",
    promise: "The host's kernel ends a VM as a whole, and is one that the VMM is tested with.",
    neededIn: "production",
    judge: ({ kernel }) => judgeKernel(kernel),
  },
  {
    name: "clock-source",
    promise: "Guests get an exact clock at no cost.",
    neededIn: "production",
    judge: ({ clockSource }) => judgeClock(clockSource),
  },
  {
    name: "memory",
    promise: "What guests are given is there.",
    neededIn: "every mode",
    judge: ({ memory }) => judgeMemory(memory),
  },
];

function judgeNftables({ nft, refusal }: NetworkFacts): Finding {
  if (nft === null) return missing("nft is not installed", "Install it: apt-get install nftables");
  if (refusal !== null)
    return missing(
      `the kernel refuses tables of the families inet, netdev and bridge: ${refusal}`,
      "Load the module, now and at every boot: modprobe nf_tables; echo nf_tables >> /etc/modules-load.d/mvm.conf; else use a kernel with CONFIG_NF_TABLES, _INET, _NETDEV and _BRIDGE.",
    );
  return ok(`${nft}, families inet, netdev, bridge`);
}

function judgeNetwork({ tun, namespaces }: NetworkFacts): Finding {
  if (!namespaces) return missing("the kernel has no network namespaces", "Use a kernel with CONFIG_NET_NS.");
  if (!tun)
    return missing(
      "/dev/net/tun is missing",
      "Load the module, now and at every boot: modprobe tun; echo tun >> /etc/modules-load.d/mvm.conf",
    );
  return ok("network namespaces, taps");
}

function judgeKsm(ksm: KsmFacts | null): Finding {
  if (ksm === null) return ok("the kernel has none");
  const unshare = "echo 2 > /sys/kernel/mm/ksm/run";
  if (ksm.run === "1")
    return missing("same-page merging is on", `${unshare}, and switch off what sets it at boot (ksmtuned).`);
  if (ksm.pagesShared > 0)
    return missing(`same-page merging is off, ${ksm.pagesShared} pages are shared from before`, unshare);
  return ok("same-page merging is off");
}

/** @param periodUs of KVM's parameter; the interval timer of a guest is served by a thread that is in no group */
function judgeGuestTimers(periodUs: string | null): Finding {
  if (periodUs === null) return ok("no such timers, or no KVM");
  const seen = `at most one tick in ${periodUs} µs`;
  if (Number(periodUs) >= LEAST_TIMER_PERIOD_US) return ok(seen);
  return missing(
    seen,
    `echo ${LEAST_TIMER_PERIOD_US} > /sys/module/kvm/parameters/min_timer_period_us, and take away what sets it at boot (kvm.min_timer_period_us).`,
  );
}

function judgeSmt({ smtActive, vulnerabilities }: CpuFacts): Finding {
  if (smtActive !== true) return ok(smtActive === null ? "the kernel knows of no threads" : "off");
  const open = Object.keys(vulnerabilities).filter((name) => vulnerabilities[name]?.includes("SMT vulnerable"));
  const remedy = "echo off > /sys/devices/system/cpu/smt/control, and boot with nosmt.";
  if (open.length > 0) return missing(`on, and the kernel calls it vulnerable: ${open.join(", ")}`, remedy);
  return warn("on; the kernel knows of no weakness of it here", remedy);
}

function judgeMicrocode({ microcode, vulnerabilities }: CpuFacts): Finding {
  const revision = microcode === null ? "microcode unknown" : `microcode ${microcode}`;
  const open = Object.keys(vulnerabilities).filter((name) => isOpen(vulnerabilities[name] ?? ""));
  if (open.length === 0) return ok(`${revision}, no weakness is open`);
  return warn(
    `${revision}, open: ${open.join(", ")}`,
    "Install the current microcode (apt-get install intel-microcode, or amd64-microcode) and kernel, without mitigations=off; reboot. In a VM its host decides.",
  );
}

function isOpen(words: string): boolean {
  return words.startsWith("Vulnerable") || /no microcode/i.test(words);
}

function judgeKernel(release: string): Finding {
  const seen = `Linux ${release}`;
  if (TESTED_KERNEL.test(release)) return ok(seen);
  const remedy = "Firecracker is tested with Linux 6.1 and 6.18: use one of them.";
  if (isTooOld(release))
    return missing(`${seen}, which has no cgroup.kill (Linux ${LEAST_KERNEL.join(".")} and newer have)`, remedy);
  return warn(seen, remedy);
}

function isTooOld(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  const [leastMajor, leastMinor] = LEAST_KERNEL;
  return Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor);
}

function judgeClock(source: string | null): Finding {
  if (source === "tsc") return ok("tsc");
  return warn(
    source ?? "unknown",
    "See why the kernel does not trust the TSC: dmesg | grep -i tsc; in a VM its host must offer an invariant TSC.",
  );
}

function judgeMemory({ guestMib, reservedMib, overcommit }: MemoryFacts): Finding {
  const seen = `${guestMib} MiB for guests, ${reservedMib} MiB kept for the host`;
  if (guestMib < LEAST_GUEST_MIB)
    return missing(seen, "Add memory, or lower [node] reserved_mem_mib in mvm.toml as far as the host allows.");
  if (reservedMib < LEAST_RESERVED_MIB)
    return warn(seen, `Set [node] reserved_mem_mib to ${LEAST_RESERVED_MIB} at least: the host needs memory too.`);
  if (overcommit === STRICT_OVERCOMMIT)
    return warn(
      `${seen}; the kernel counts all that guests might use`,
      "sysctl -w vm.overcommit_memory=0, and for every boot: echo vm.overcommit_memory=0 > /etc/sysctl.d/mvm.conf",
    );
  return ok(seen);
}
