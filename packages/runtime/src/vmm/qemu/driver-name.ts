/** What handles and snapshots of this driver are marked with. */
export const DRIVER_NAME = "qemu";
