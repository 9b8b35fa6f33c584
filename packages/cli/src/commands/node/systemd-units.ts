/**
 * The systemd units of an installation, as text. Pure: called by `mvm node units`.
 *
 * VMs live in a unit of their own, `mvm-vms.service` in `mvm.slice`, so that neither a restart nor an
 * upgrade of the servers touches them. Its cgroup is delegated: systemd never writes below it, while
 * directly in a slice it would take controllers, and with them limits, away again. A delegated cgroup
 * may hold no process once its children have limits, hence the holder in a child of its own.
 */
import { CGROUP_MOUNT, VMS_CONTROLLERS, VMS_SLICE, VMS_UNIT } from "@mvm/agent";

export interface UnitRequest {
  /** Absolute path of the `mvm` that is to run. */
  readonly program: string;
  /** Absolute path of the configuration file. */
  readonly configPath: string;
  readonly stateDir: string;
  readonly keysDir: string;
  readonly runtimeDir: string;
  readonly imagesDir: string;
  /** Directory of the coordinator's socket. */
  readonly coordinatorDir: string;
  /** /proc/cpuinfo of the host. */
  readonly cpuInfo: string;
  /** How long a guest may take to stop by itself. */
  readonly stopTimeoutSeconds: number;
}

export interface UnitFile {
  /** Where an administrator's own files of this kind lie; those of packages lie elsewhere. */
  readonly path: string;
  readonly text: string;
}

/** What a server takes to end, guests aside. */
const STOP_SECONDS = 60;

const HEADER = "# Written by mvm node units.";
/** Servers are started for as long as it takes: what they lacked may come back. */
const NEVER_GIVES_UP = "StartLimitIntervalSec=0";
const SERVER = [
  "Type=notify",
  "Restart=always",
  "RestartSec=5",
  // An agent tries KVM with a kernel before it starts.
  "TimeoutStartSec=300",
  // A server that has not said for so long that it is alive is killed and started anew; VMs run on.
  "WatchdogSec=60",
  "UMask=0077",
];

/** KVM's module for a processor, by its flag for virtualization; that of another maker can't be loaded. */
const KVM_MODULES: Readonly<Record<string, string>> = { svm: "kvm_amd", vmx: "kvm_intel" };

/** What an operator types after the files are written. */
export const COMMANDS_AFTER = [
  "systemd-tmpfiles --create /etc/tmpfiles.d/mvm.conf",
  "systemctl restart systemd-modules-load.service",
  "systemctl daemon-reload",
  "systemctl enable --now mvm-coordinator.service mvm-agent.service",
];

/** Every file, in the order in which they matter at boot. */
export function systemdUnits(request: UnitRequest): readonly UnitFile[] {
  return [
    { path: "/etc/modules-load.d/mvm.conf", text: modules(request) },
    { path: "/etc/tmpfiles.d/mvm.conf", text: directories(request) },
    { path: `/etc/systemd/system/${VMS_SLICE}`, text: vmsSlice() },
    { path: `/etc/systemd/system/${VMS_UNIT}`, text: vmsUnit() },
    { path: "/etc/systemd/system/mvm-coordinator.service", text: coordinatorUnit(request) },
    { path: "/etc/systemd/system/mvm-agent.service", text: agentUnit(request) },
  ];
}

/** Loaded at every boot: what the agent may not load by itself. A processor that doesn't virtualize needs no KVM. */
function modules({ cpuInfo }: UnitRequest): string {
  const flags = /^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.split(/\s+/) ?? [];
  const kvm = ["svm", "vmx"].filter((flag) => flags.includes(flag)).map((flag) => KVM_MODULES[flag]);
  return [HEADER, ...kvm, "dm_crypt", "tun", ""].join("\n");
}

/** Made before any unit starts: what a confined unit may write to must be there to be mounted. */
function directories({ stateDir, keysDir, runtimeDir, coordinatorDir }: UnitRequest): string {
  const open = [...new Set([stateDir, runtimeDir, coordinatorDir])].map((path) => `d ${word(path)} 0711 root root -`);
  return [HEADER, ...open, `d ${word(keysDir)} 0700 root root -`, ""].join("\n");
}

/** Stopping the slice or the unit in it would kill every VM: only the host's shutdown does. */
const ENDS_WITH_THE_HOST = "RefuseManualStop=yes";

function vmsSlice(): string {
  return unitText({ Unit: ["Description=mvm: microVMs", ENDS_WITH_THE_HOST] });
}

function vmsUnit(): string {
  const hold = [
    `cd ${CGROUP_MOUNT}$(sed -n s/^0:://p /proc/self/cgroup)`,
    "mkdir -p holder",
    "echo 0 > holder/cgroup.procs",
    `echo ${VMS_CONTROLLERS.map((name) => `+${name}`).join(" ")} > cgroup.subtree_control`,
    "systemd-notify --ready",
    "exec sleep infinity",
  ];
  return unitText({
    Unit: ["Description=mvm: the cgroup of the microVMs", ENDS_WITH_THE_HOST],
    Service: [
      "Type=notify",
      "NotifyAccess=all",
      `Slice=${VMS_SLICE}`,
      `Delegate=${VMS_CONTROLLERS.join(" ")}`,
      `ExecStart=/bin/sh -ec '${hold.join("; ")}'`,
      // Its holder's death must kill no VM. Then nothing is started anew: systemd could put no process into a
      // cgroup that hands controllers to its children. The unit stays active and the cgroup with it; KillMode=process
      // would leave VMs to the host's shutdown as well, with the disks still in use that it wants to unmount.
      "RemainAfterExit=yes",
      "SuccessExitStatus=SIGKILL",
      "OOMScoreAdjust=-1000",
      "OOMPolicy=continue",
      "TasksMax=infinity",
      // A jailed VMM is the first process of its namespace, and deaf to anything gentler.
      "KillSignal=SIGKILL",
    ],
  });
}

function coordinatorUnit(request: UnitRequest): string {
  const { program, configPath, stateDir, keysDir, runtimeDir, imagesDir, coordinatorDir } = request;
  const writable = [...new Set([stateDir, keysDir, runtimeDir, coordinatorDir])];
  return unitText({
    Unit: ["Description=mvm: the coordinator, which knows what should exist", "After=local-fs.target", NEVER_GIVES_UP],
    Service: [
      ...SERVER,
      // Without rights it can't speak in the name of its parent, so its child's word counts.
      "NotifyAccess=all",
      `ExecStart=${inExec(program)} --config ${inExec(configPath)} coordinator run`,
      `TimeoutStopSec=${STOP_SECONDS}`,
      // It speaks over Unix sockets and reads files; nothing else.
      "CapabilityBoundingSet=",
      "ProtectSystem=strict",
      `ReadWritePaths=${writable.map(word).join(" ")}`,
      `ReadOnlyPaths=-${word(imagesDir)}`,
      "ProtectHome=read-only",
      "PrivateTmp=yes",
      "PrivateDevices=yes",
      "PrivateNetwork=yes",
      "RestrictAddressFamilies=AF_UNIX",
      "IPAddressDeny=any",
      ...KERNEL_CLOSED,
      "ProtectProc=invisible",
      "ProcSubset=pid",
      "RestrictNamespaces=yes",
      "SystemCallFilter=@system-service",
      "SystemCallFilter=~@privileged @resources",
      "SystemCallErrorNumber=EPERM",
    ],
    Install: ["WantedBy=multi-user.target"],
  });
}

/**
 * The agent makes namespaces, mounts, devices and processes of other users for a living, and what it
 * starts inherits its filters. It must stay in the host's mount namespace, or its mounts would vanish
 * with it: no option that makes one of its own may stand here.
 */
function agentUnit({ program, configPath, stopTimeoutSeconds }: UnitRequest): string {
  return unitText({
    Unit: [
      "Description=mvm: the agent, which makes it so on this node",
      `Requires=${VMS_UNIT}`,
      "Wants=mvm-coordinator.service",
      // Whoever flushes the host's packet filters at boot has done so by then.
      `After=${VMS_UNIT} mvm-coordinator.service network.target nftables.service systemd-modules-load.service`,
      NEVER_GIVES_UP,
    ],
    Service: [
      ...SERVER,
      // What it started, VMs among it, has no say in how it is.
      "NotifyAccess=main",
      `ExecStart=${inExec(program)} --config ${inExec(configPath)} agent run`,
      // When the host goes down it waits for its guests, all at once.
      `TimeoutStopSec=${stopTimeoutSeconds + STOP_SECONDS}`,
      // VMs outlive the agent, those that were started from its own cgroup as well.
      "KillMode=process",
      "Delegate=yes",
      // A VM that ran out of memory is the agent's business, not its end.
      "OOMPolicy=continue",
      "TasksMax=infinity",
      "LimitNOFILE=65536",
      `CapabilityBoundingSet=${AGENT_CAPABILITIES.join(" ")}`,
      "NoNewPrivileges=yes",
      "LockPersonality=yes",
      "KeyringMode=private",
      "RestrictRealtime=yes",
      "RestrictSUIDSGID=yes",
      "DevicePolicy=closed",
      ...AGENT_DEVICES.map((device) => `DeviceAllow=${device}`),
      "RestrictNamespaces=net mnt pid",
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_ALG",
      "SystemCallArchitectures=native",
      "SystemCallFilter=~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap",
      "SystemCallErrorNumber=EPERM",
    ],
    Install: ["WantedBy=multi-user.target"],
  });
}

const AGENT_CAPABILITIES = [
  ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD"],
  ...["CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT"],
  ...["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE"],
  // Mounts, namespaces, device-mapper, locked memory, limits, and a look at other users' processes.
  ...["CAP_SYS_ADMIN", "CAP_SYS_RESOURCE", "CAP_IPC_LOCK", "CAP_SYS_PTRACE"],
];

/** What it opens, and what it puts as a node into a jail. */
const AGENT_DEVICES = [
  ...["/dev/kvm rwm", "/dev/net/tun rwm", "/dev/userfaultfd rwm"],
  ...["/dev/mapper/control rw", "block-device-mapper rwm", "/dev/loop-control rw", "block-loop rwm"],
];

const KERNEL_CLOSED = [
  "NoNewPrivileges=yes",
  "LockPersonality=yes",
  "KeyringMode=private",
  "RestrictRealtime=yes",
  "RestrictSUIDSGID=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "RemoveIPC=yes",
  "SystemCallArchitectures=native",
];

function unitText(sections: Readonly<Record<string, readonly string[]>>): string {
  const blocks = Object.entries(sections).map(([section, lines]) => [`[${section}]`, ...lines].join("\n"));
  return `${HEADER}\n${blocks.join("\n\n")}\n`;
}

/** A path as one word of a unit or of tmpfiles.d(5): nothing in it is a specifier, a quote or a blank. */
function word(path: string): string {
  const literal = path.replaceAll("%", "%%");
  return /^[\w@:.,+%/-]+$/.test(literal) ? literal : `"${literal.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
}

/** The same in a command line, where variables are put in as well. */
function inExec(path: string): string {
  return word(path).replaceAll("$", "$$$$");
}
