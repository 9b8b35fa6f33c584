/** The names of OpenClaw's two handlers, as profiles write them and guests say them. */
export const GATEWAY_HANDLER = "openclaw.gateway";
/** A worker: OpenClaw's own word for it is a node host. */
export const WORKER_HANDLER = "openclaw.node";
