/** The coordinator's services over one set of dependencies. */
import type { ServiceDeps } from "./deps.ts";
import { fleetService, type FleetService } from "./fleet-service.ts";
import { instanceService, type InstanceService } from "./instance-service.ts";
import { nodeService, type NodeService } from "./node-service.ts";
import { secretService, type SecretService } from "./secret-service.ts";
import { tenantService, type TenantService } from "./tenant-service.ts";

export interface Services {
  readonly deps: ServiceDeps;
  readonly fleet: FleetService;
  readonly tenants: TenantService;
  readonly instances: InstanceService;
  readonly nodes: NodeService;
  readonly secrets: SecretService;
}

export function services(deps: ServiceDeps): Services {
  return {
    deps,
    fleet: fleetService(deps),
    tenants: tenantService(deps),
    instances: instanceService(deps),
    nodes: nodeService(deps),
    secrets: secretService(deps),
  };
}
