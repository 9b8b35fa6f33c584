/** The public names of coordinator: its program. It is spoken to by core's routes over core's Unix client. */
export { runCoordinator, type CoordinatorPorts, type RunningCoordinator } from "./compose.ts";
export type { CoordinatorSettings, NetworkSettings } from "./settings.ts";
