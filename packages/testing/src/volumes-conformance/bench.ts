/** What each case of the volumes suite gets: a place for one volume, and adapters to try on it. */
import type { Files } from "@mvm/core";
import type { DriverCapabilities, OpenVolume, VolumeRequest, Volumes } from "@mvm/runtime";

export interface VolumesUnderTest {
  readonly dataDrive: DriverCapabilities["dataDrive"];
  readonly files: Files;
  /** Of a volume that is not there yet, alone in its state directory. */
  readonly request: VolumeRequest;
  /** The adapter as a newly started agent makes it. */
  readonly start: () => Volumes;
  /** Whether a VMM that is given this could read the volume. */
  readonly isReadable: (drive: OpenVolume) => Promise<boolean>;
  /** Removes the volume and whatever was made for it. */
  readonly cleanUp: () => Promise<void>;
}

export type Case = readonly [what: string, body: (under: VolumesUnderTest) => Promise<void>];

/** Whether a VM could be launched with the volume now. */
export async function isUsable({ isReadable, request, start }: VolumesUnderTest): Promise<boolean> {
  const drive = await start().dataDrive(request);
  return drive !== null && (await isReadable(drive));
}
