/**
 * The port to the agent's journal: instances, operations under way, audit chains, the spec.
 *
 * Every write is one durable transaction: when it returns, it survives a power cut; when it
 * throws, nothing of it happened. Reads are from memory and cost no I/O. Lifecycle is the only
 * writer of instances and operations.
 */
import type { AuditDraft, AuditEntry, InstanceId, NodeSpec, TenantId } from "@mvm/core";
import type { InstanceRecord } from "./instance-record.ts";
import type { OperationRecord } from "./operation-record.ts";

export interface InstanceWrite {
  readonly record: InstanceRecord;
  /** The open operation after this write; null: none. */
  readonly operation: OperationRecord | null;
  /** Chained behind the newest entry of its tenant. */
  readonly audit: AuditDraft | null;
}

/** How far one audit chain of this node goes; `tenant_id` null: the node's own. */
export interface AuditChain {
  readonly tenant_id: TenantId | null;
  readonly newest: number;
  readonly acknowledged: number;
}

export interface Journal {
  record(id: InstanceId): InstanceRecord | null;
  /** In the order of their ids. */
  records(): readonly InstanceRecord[];
  operation(id: InstanceId): OperationRecord | null;
  /** @throws MvmError MVM_STORE_FAILED; also when another instance holds the record's uid */
  write(write: InstanceWrite): void;
  /** Drops the record of an instance that is destroyed. Its audit entries stay. */
  forget(id: InstanceId): void;

  /** Appends an entry that belongs to no change of state. */
  append(draft: AuditDraft): void;
  /** Costs the same however long the chains are. */
  auditChains(): readonly AuditChain[];
  /** Entries of one chain behind `after`, oldest first. */
  auditAfter(tenant: TenantId | null, after: number, limit: number): readonly AuditEntry[];
  /** The newest entries of an instance, newest first; ones that were dropped stand with the coordinator. */
  auditOf(id: InstanceId, limit: number): readonly AuditEntry[];
  /**
   * The coordinator holds the chain up to `sequence`. Entries that it holds are dropped here, but for
   * the newest thousand of each chain: a chain always keeps the entry that the next one continues.
   */
  acknowledge(tenant: TenantId | null, sequence: number): void;

  /** The newest spec that was saved, or null. */
  spec(): NodeSpec | null;
  /** @param at when it came, ISO 8601 */
  saveSpec(spec: NodeSpec, at: string): void;
  /** When the instance with that volume first came in a spec; null when no saved spec has told. */
  firstSeen(volumeUuid: string): string | null;
  close(): void;
}
