/**
 * The coordinator's SQLite schema as migrations. A released script is never edited: a change is a
 * new one behind it. The database itself refuses what must never be: overlapping subnets, an
 * address or port given twice, a changed allocation, an audit entry edited or removed.
 */

/** The message with which triggers refuse an allocation that another one has. */
export const OVERLAP_MESSAGE = "mvm: allocation overlaps";

export const coordinatorMigrations: readonly string[] = [
  `
  CREATE TABLE counters (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    next_tenant_net_id INTEGER NOT NULL,
    next_ingress_port INTEGER NOT NULL,
    spec_fingerprint TEXT NOT NULL
  ) STRICT;
  INSERT INTO counters VALUES (1, 0, 0, 1, 0, '');

  CREATE TABLE fleet (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    source_hash TEXT,
    applied_at TEXT,
    applied_by TEXT,
    fleet TEXT NOT NULL
  ) STRICT;
  INSERT INTO fleet VALUES (1, 0, NULL, NULL, NULL, '{"schema_version":1,"tenants":[]}');

  CREATE TABLE nodes (
    node_id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    status TEXT,
    received_at TEXT,
    audit_problem TEXT
  ) STRICT;

  CREATE TABLE tenants (
    tenant_id TEXT PRIMARY KEY,
    standing TEXT NOT NULL CHECK (standing IN ('present', 'released', 'destroying')),
    tenant_net_id INTEGER NOT NULL UNIQUE CHECK (tenant_net_id BETWEEN 1 AND 16777215),
    subnet_base INTEGER NOT NULL UNIQUE,
    subnet_prefix_length INTEGER NOT NULL CHECK (subnet_prefix_length BETWEEN 1 AND 30),
    subnet_last INTEGER NOT NULL GENERATED ALWAYS AS (subnet_base + (1 << (32 - subnet_prefix_length)) - 1) STORED,
    uplink_base INTEGER NOT NULL UNIQUE CHECK (uplink_base % 4 = 0),
    namespace TEXT NOT NULL UNIQUE,
    host_interface TEXT NOT NULL UNIQUE,
    next_slot INTEGER NOT NULL,
    egress TEXT NOT NULL,
    model TEXT,
    connectors TEXT NOT NULL,
    secrets_epoch INTEGER NOT NULL,
    config_version INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;

  -- Subnets that are there never overlap, so only the one that begins before the new one's end can.
  CREATE TRIGGER tenants_subnet_overlap BEFORE INSERT ON tenants BEGIN
    SELECT RAISE(ABORT, '${OVERLAP_MESSAGE}') WHERE (
      SELECT subnet_last FROM tenants
      WHERE subnet_base <= NEW.subnet_base + (1 << (32 - NEW.subnet_prefix_length)) - 1 AND tenant_id <> NEW.tenant_id
      ORDER BY subnet_base DESC LIMIT 1
    ) >= NEW.subnet_base;
  END;
  CREATE TRIGGER tenants_network_fixed BEFORE UPDATE OF
    tenant_net_id, subnet_base, subnet_prefix_length, uplink_base, namespace, host_interface ON tenants
  WHEN NEW.tenant_net_id <> OLD.tenant_net_id OR NEW.subnet_base <> OLD.subnet_base
    OR NEW.subnet_prefix_length <> OLD.subnet_prefix_length OR NEW.uplink_base <> OLD.uplink_base
    OR NEW.namespace <> OLD.namespace OR NEW.host_interface <> OLD.host_interface
  BEGIN
    SELECT RAISE(ABORT, 'mvm: a tenant''s network never changes');
  END;

  -- On which nodes there is, or has to be, anything of a tenant.
  CREATE TABLE tenant_nodes (
    tenant_id TEXT NOT NULL REFERENCES tenants ON DELETE CASCADE,
    node_id TEXT NOT NULL REFERENCES nodes,
    PRIMARY KEY (tenant_id, node_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tenant_nodes_by_node ON tenant_nodes (node_id);

  CREATE TABLE pools (
    tenant_id TEXT NOT NULL REFERENCES tenants ON DELETE CASCADE,
    pool_id TEXT NOT NULL,
    type TEXT NOT NULL,
    revision TEXT NOT NULL,
    resources TEXT NOT NULL,
    running INTEGER NOT NULL,
    released INTEGER NOT NULL CHECK (released IN (0, 1)),
    PRIMARY KEY (tenant_id, pool_id)
  ) STRICT, WITHOUT ROWID;

  -- No cascade: a pool or tenant with instances can't be removed.
  CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    pool_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    node_id TEXT NOT NULL REFERENCES nodes,
    slot INTEGER NOT NULL CHECK (slot BETWEEN 2 AND 65535),
    volume_uuid TEXT NOT NULL UNIQUE,
    ingress_port INTEGER,
    wanted TEXT NOT NULL CHECK (wanted IN ('running', 'stopped', 'destroyed')),
    hold TEXT,
    generation INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    FOREIGN KEY (tenant_id, pool_id) REFERENCES pools,
    UNIQUE (tenant_id, pool_id, number),
    UNIQUE (tenant_id, slot),
    UNIQUE (node_id, ingress_port)
  ) STRICT;
  CREATE TRIGGER instances_identity_fixed BEFORE UPDATE OF
    tenant_id, pool_id, number, slot, volume_uuid ON instances
  WHEN NEW.tenant_id <> OLD.tenant_id OR NEW.pool_id <> OLD.pool_id OR NEW.number <> OLD.number
    OR NEW.slot <> OLD.slot OR NEW.volume_uuid <> OLD.volume_uuid
  BEGIN
    SELECT RAISE(ABORT, 'mvm: an instance''s identity never changes');
  END;
  CREATE TRIGGER instances_destruction_final BEFORE UPDATE OF wanted ON instances
  WHEN OLD.wanted = 'destroyed' AND NEW.wanted <> 'destroyed'
  BEGIN
    SELECT RAISE(ABORT, 'mvm: an instance that is being destroyed stays so');
  END;

  CREATE TABLE secrets (
    tenant_id TEXT NOT NULL REFERENCES tenants ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    generated INTEGER NOT NULL CHECK (generated IN (0, 1)),
    epoch INTEGER NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
  ) STRICT, WITHOUT ROWID;

  -- A chain is one writer's entries of one tenant, or of none (empty). No reference to tenants: it outlives them.
  CREATE TABLE audit (
    record INTEGER PRIMARY KEY AUTOINCREMENT,
    writer TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    instance_id TEXT,
    cause TEXT NOT NULL,
    hash TEXT NOT NULL,
    entry TEXT NOT NULL,
    UNIQUE (writer, tenant_id, sequence)
  ) STRICT;
  CREATE INDEX audit_by_tenant ON audit (tenant_id, record);
  CREATE INDEX audit_by_instance ON audit (instance_id, record) WHERE instance_id IS NOT NULL;
  -- Also holds against INSERT OR REPLACE, which fires no DELETE trigger.
  CREATE TRIGGER audit_append_only BEFORE INSERT ON audit
  WHEN NEW.sequence <> 1 + coalesce(
    (SELECT max(sequence) FROM audit WHERE writer = NEW.writer AND tenant_id = NEW.tenant_id), 0
  ) OR EXISTS (SELECT 1 FROM audit WHERE record = NEW.record)
  BEGIN
    SELECT RAISE(ABORT, 'mvm: the audit is append-only');
  END;
  CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'mvm: the audit is append-only');
  END;
  CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'mvm: the audit is append-only');
  END;
  `,
  `
  -- The chains of nodes whose newest entries were refused, each until entries of that chain are taken again.
  CREATE TABLE refused_chains (
    node_id TEXT NOT NULL REFERENCES nodes,
    tenant_id TEXT NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (node_id, tenant_id)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE nodes DROP COLUMN audit_problem;
  `,
];
