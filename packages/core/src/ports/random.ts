/** The port to randomness, so that simulated runs replay from a seed. */
export interface Random {
  /** Cryptographically strong bytes (a seeded stream in simulations). */
  bytes(count: number): Buffer;
  /** A random UUID, version 4. */
  uuid(): string;
}
