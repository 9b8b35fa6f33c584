/**
 * The catalogue of error codes: permanent names `MVM_<AREA>_<FACT>`, one entry each.
 *
 * `docs/errors.md` is generated from this table; a test holds that every code is raised somewhere,
 * the types that no other is. Add an entry where it belongs by area, in order.
 */

/** Exit codes (design §13): 1 failed, 2 usage or config, 3 refused by state or policy, 4 not found, 5 unavailable, 6 unsupported host. */
export type ExitCode = 1 | 2 | 3 | 4 | 5 | 6;

export interface CatalogueEntry {
  readonly exit: ExitCode;
  /** What the code says, for the reference page. */
  readonly summary: string;
  /** The default next step of whoever meets it. */
  readonly remedy: string;
}

const entries = {
  MVM_AGENT_ALREADY_RUNNING: {
    exit: 3,
    summary: "Another agent holds this node's state directory.",
    remedy: "Use the running agent, or stop it first; see mvm node status.",
  },
  MVM_API_REFUSED: {
    exit: 5,
    summary: "A server answered with something that is not part of its protocol.",
    remedy: "Check that both sides run the same version of mvm.",
  },
  MVM_API_REQUEST_INVALID: {
    exit: 2,
    summary: "A request to a server breaks the API's schema or is too large.",
    remedy: "Check that both sides run the same version of mvm.",
  },
  MVM_API_UNAVAILABLE: {
    exit: 5,
    summary: "A server's socket can't be reached or did not answer in time.",
    remedy:
      "Start it (systemctl start mvm-coordinator mvm-agent; without units mvm coordinator run, mvm agent run), or check the socket's path in mvm.toml.",
  },
  MVM_CONFIG_EXISTS: {
    exit: 2,
    summary: "A file to be written exists already.",
    remedy: "Choose another path, or move away what is there.",
  },
  MVM_CONFIG_INVALID: {
    exit: 2,
    summary: "A configuration or fleet file breaks its schema.",
    remedy: "Mend the named places.",
  },
  MVM_CONFIG_NOT_FOUND: {
    exit: 2,
    summary: "No configuration file was found by any of the three rules, or --config names a missing file.",
    remedy: "Give --config PATH, create ./mvm.toml, or create /etc/mvm/mvm.toml.",
  },
  MVM_CONFIG_SYNTAX: {
    exit: 2,
    summary: "A configuration or fleet file is not TOML.",
    remedy: "Mend the named place.",
  },
  MVM_CONFIG_UNREADABLE: {
    exit: 2,
    summary: "A configuration or fleet file can't be read: permissions, size, encoding or kind of file.",
    remedy: "Make it a readable UTF-8 file below 1 MiB.",
  },
  MVM_COORDINATOR_ALREADY_RUNNING: {
    exit: 3,
    summary: "Another coordinator holds the store or the socket.",
    remedy: "Use the running coordinator, or stop it first.",
  },
  MVM_DRIVE_BUILD_FAILED: {
    exit: 1,
    summary: "A drive image could not be built.",
    remedy: "Check that e2fsprogs is installed and the runtime directory has space.",
  },
  MVM_DRIVE_MISSING: {
    exit: 3,
    summary: "A drive that the role requires can't be provided.",
    remedy: "Give the pool what the drive needs, or take the drive out of the role's required_drives.",
  },
  MVM_FLEET_CAPACITY: {
    exit: 3,
    summary: "The fleet file asks for more than the node has.",
    remedy: "Lower desired counts or resources, or add memory to the node.",
  },
  MVM_FLEET_CONFLICT: { exit: 3, summary: "The fleet changed since it was read.", remedy: "Run the command again." },
  MVM_FLEET_DUPLICATE: {
    exit: 2,
    summary: "Two entries of the fleet file share a name.",
    remedy: "Rename or merge one of them.",
  },
  MVM_FLEET_INVALID: { exit: 2, summary: "The fleet can't be applied as it stands.", remedy: "Mend the named entry." },
  MVM_GUEST_PROTOCOL: {
    exit: 1,
    summary: "A guest sent something that is not part of the guest channel's protocol.",
    remedy: "Look at mvm instance logs; a hostile or broken guest can be destroyed.",
  },
  MVM_GUEST_REFUSED: {
    exit: 1,
    summary: "The guest answered a request with an error.",
    remedy: "Look at mvm instance logs.",
  },
  MVM_GUEST_TIMEOUT: {
    exit: 5,
    summary: "The guest did not answer before its deadline.",
    remedy:
      "See its console, or where it has none its VMM's log: mvm instance logs INSTANCE --console; restart the instance if it stays silent.",
  },
  MVM_GUEST_UNREACHABLE: {
    exit: 5,
    summary: "The guest channel can't be opened, or ended before the guest answered.",
    remedy:
      "See mvm instance show for its state, and mvm instance logs INSTANCE --console for its console, or where it has none its VMM's log.",
  },
  MVM_HOST_COMMAND_FAILED: {
    exit: 1,
    summary: "A command on the host failed.",
    remedy: "See the details: command, exit code and what it printed.",
  },
  MVM_HOST_COMMAND_TIMEOUT: {
    exit: 1,
    summary: "A command on the host did not end before its deadline.",
    remedy: "Look at the host's load and run the command again.",
  },
  MVM_HOST_DISK_FULL: {
    exit: 3,
    summary: "The disk of the state directory has less room than an instance may come to fill.",
    remedy:
      "Make room on that disk, or lower resources.data_mib, to no less than the volumes hold; it is looked at again by itself.",
  },
  MVM_HOST_NOT_ROOT: { exit: 6, summary: "The command needs root.", remedy: "Run it with sudo." },
  MVM_HOST_UNSUPPORTED: {
    exit: 6,
    summary: "This host lacks something that the command needs.",
    remedy: "See the details for what is missing and how to install it.",
  },
  MVM_IMAGE_BUILD_FAILED: {
    exit: 1,
    summary: "An image could not be built.",
    remedy: "See the details; run mvm image build again when mended.",
  },
  MVM_IMAGE_CORRUPTED: {
    exit: 3,
    summary: "An image's files do not match its manifest.",
    remedy: "Build it again: mvm image build ROLE PROFILE.",
  },
  MVM_IMAGE_NOT_ACCEPTED: {
    exit: 3,
    summary: "The image's kind is not among [images] accept.",
    remedy:
      "Add its kind to [images] accept in mvm.toml and restart both servers, or use an image of an accepted kind.",
  },
  MVM_IMAGE_NOT_FOUND: {
    exit: 4,
    summary: "There is no image for a role and profile, or no such revision.",
    remedy: "Build it: mvm image build ROLE PROFILE.",
  },
  MVM_IMAGE_PATCH_MISMATCH: {
    exit: 2,
    summary: "A profile's declared patch does not fit the installed package.",
    remedy: "Update the patch in the profile to the package's version, or remove it.",
  },
  MVM_INGRESS_PORT_TAKEN: {
    exit: 3,
    summary: "An ingress port on loopback is in use by another process.",
    remedy: "Free the port or change [ingress] ports in mvm.toml.",
  },
  MVM_INSTANCE_NOT_FOUND: { exit: 4, summary: "There is no such instance.", remedy: "See mvm instance list." },
  MVM_INTERNAL: {
    exit: 1,
    summary: "Something happened that the program holds impossible.",
    remedy: "Report it with the printed details.",
  },
  MVM_KEY_MISSING: {
    exit: 3,
    summary: "A tenant's key, or the node's key that opens it, is not in the key store: its data can't be opened.",
    remedy: "Restore the key store's file from its backup, or destroy the tenant.",
  },
  MVM_KEY_UNSEAL_FAILED: {
    exit: 1,
    summary: "A sealed value can't be opened with its key.",
    remedy: "The value or the key was changed; restore both from the same backup.",
  },
  MVM_NET_APPLY_FAILED: {
    exit: 1,
    summary: "A tenant's network could not be put in place, so its instances don't start.",
    remedy: "See the details for the refused rule or link.",
  },
  MVM_NET_EXHAUSTED: {
    exit: 3,
    summary: "The cluster's range has no subnet or address left.",
    remedy: "Widen [network] cluster_cidr or destroy tenants.",
  },
  MVM_NET_OVERLAP: {
    exit: 3,
    summary: "A subnet, address or port is in use: by another one in the store, or by a network of the host.",
    remedy: "Run the command again; if it stays so, check [network] in mvm.toml for ranges that were changed.",
  },
  MVM_NET_PREFIX_TAKEN: {
    exit: 3,
    summary: "Another installation on this host uses the same name prefix for its networks.",
    remedy: "Give each installation a [network] name_prefix of its own in its mvm.toml.",
  },
  MVM_NODE_NOT_EMPTY: {
    exit: 1,
    summary: "A node that is to be taken down still has something of instances on the host.",
    remedy:
      "Remove what is named (processes, mounts, namespaces, volumes, directories, keys), then run the command again.",
  },
  MVM_NODE_NOT_FOUND: { exit: 4, summary: "There is no such node.", remedy: "See mvm node status." },
  MVM_QUICKSTART_REFUSED: {
    exit: 3,
    summary: "Another quickstart is at work or installed, or the installed one is of another kind or has other names.",
    remedy: "See the message for both sides; take the installed one down first: npm run quickstart -- --down.",
  },
  MVM_SECRET_INVALID: {
    exit: 2,
    summary: "A secret's name or value can't be taken.",
    remedy: "See mvm secrets list for the names that the tenant's types may see.",
  },
  MVM_SECRET_MISSING: {
    exit: 3,
    summary: "A secret that the type requires is not set.",
    remedy: "Set it: mvm secrets set TENANT NAME.",
  },
  MVM_STATE_INVALID_TRANSITION: {
    exit: 3,
    summary: "The instance's state does not allow the operation.",
    remedy: "See mvm instance show for the state and what it allows.",
  },
  MVM_STORE_CONFLICT: {
    exit: 3,
    summary: "What a change was decided from changed in the meantime.",
    remedy: "Run the command again.",
  },
  MVM_STORE_FAILED: {
    exit: 1,
    summary: "The store could not read or write.",
    remedy: "Check the disk of the state directory.",
  },
  MVM_STORE_NEWER: {
    exit: 6,
    summary: "The store was written by a newer version of mvm.",
    remedy: "Run that version or a newer one.",
  },
  MVM_TENANT_BEING_DESTROYED: {
    exit: 3,
    summary: "The tenant is being destroyed.",
    remedy: "Wait until it is gone from mvm tenant list, then run the command again.",
  },
  MVM_TENANT_NOT_FOUND: { exit: 4, summary: "There is no such tenant.", remedy: "See mvm tenant list." },
  MVM_TYPE_UNKNOWN: {
    exit: 2,
    summary: "A role, a profile or their combination is not declared.",
    remedy: "Declare it under [microvms] or choose a declared one.",
  },
  MVM_USAGE: { exit: 2, summary: "The command line can't be understood.", remedy: "See mvm --help." },
  MVM_VM_BOOT_HUNG: {
    exit: 1,
    summary: "A VM printed nothing or did not answer in time while booting.",
    remedy:
      "See its console, or where it has none its VMM's log: mvm instance logs INSTANCE --console; it is retried by itself.",
  },
  MVM_VM_CONFINEMENT: {
    exit: 1,
    summary:
      "A VM's process is not confined as promised: it is killed before its guest runs, or by the second look, within moments of that.",
    remedy: "Mend what keeps the jailer or the host from what the message names; ask mvm node check.",
  },
  MVM_VM_DRIVER: {
    exit: 1,
    summary: "The VMM refused a request or died.",
    remedy:
      "See the details, and mvm instance logs INSTANCE --console for the guest's console, or where it has none the VMM's log.",
  },
  MVM_VOLUME_FAILED: {
    exit: 1,
    summary: "A data volume can't be made, opened or removed, or is not the one expected.",
    remedy: "See the details; the data is left as it was.",
  },
  MVM_WAIT_TIMEOUT: {
    exit: 5,
    summary: "What was waited for did not happen in time; it may still.",
    remedy: "See mvm instance list; wait longer with --timeout.",
  },
} as const satisfies Record<`MVM_${string}`, CatalogueEntry>;

export type ErrorCode = keyof typeof entries;
export const catalogue: Readonly<Record<ErrorCode, CatalogueEntry>> = entries;
