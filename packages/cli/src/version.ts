/** The version of this build; a test holds it to the workspace's package.json. */
export const VERSION = "0.0.0";
