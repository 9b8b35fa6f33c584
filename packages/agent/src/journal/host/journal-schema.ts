/**
 * The agent's SQLite schema as migrations. A released script is never edited: a change is a new one
 * behind it. The database itself refuses what must never be: a uid leased twice, an audit entry edited,
 * put out of turn, or removed before the coordinator has it.
 */
export const journalMigrations: readonly string[] = [
  `
  CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    uid INTEGER UNIQUE,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE operations (
    instance_id TEXT PRIMARY KEY REFERENCES instances,
    operation TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    chain TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    instance_id TEXT,
    hash TEXT NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (chain, sequence)
  ) STRICT;
  CREATE INDEX audit_by_instance ON audit (instance_id) WHERE instance_id IS NOT NULL;

  CREATE TABLE audit_acknowledged (
    chain TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE spec (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Also holds against INSERT OR REPLACE. The newest entry of a chain is never removed: the next one continues it.
  CREATE TRIGGER audit_append_only BEFORE INSERT ON audit
  WHEN NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM audit WHERE chain = NEW.chain), 0)
  BEGIN
    SELECT RAISE(ABORT, 'mvm: the audit is append-only');
  END;
  CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'mvm: the audit is append-only');
  END;
  CREATE TRIGGER audit_delivered_only BEFORE DELETE ON audit
  WHEN OLD.sequence > coalesce((SELECT sequence FROM audit_acknowledged WHERE chain = OLD.chain), 0)
    OR OLD.sequence = (SELECT max(sequence) FROM audit WHERE chain = OLD.chain)
  BEGIN
    SELECT RAISE(ABORT, 'mvm: an audit entry goes only when the coordinator has it');
  END;
  `,
  // When each instance of the spec first stood in one, ISO times by volume.
  `ALTER TABLE spec ADD COLUMN first_seen TEXT NOT NULL DEFAULT '{}';`,
];
