/** `mvm image …` as data. */
import { type NounSpec, READS } from "../../command-spec.ts";

export const imageNoun: NounSpec = {
  name: "image",
  summary: "root file systems and kernels, one immutable set a revision",
  verbs: [
    {
      name: "list",
      summary: "list the images on this machine, newest first",
      shared: READS,
      examples: ["image list", "image list --json"],
      load: async () => (await import("./list.ts")).listImages,
    },
    {
      name: "show",
      summary: "show what a revision is made of, its patches included",
      args: ["<revision>"],
      shared: READS,
      examples: ["image show 0123456789abcdef"],
      load: async () => (await import("./show.ts")).showImage,
    },
    {
      name: "build",
      summary: "build the image of a type, unless the same inputs were built before",
      args: ["<role>", "<profile>"],
      shared: READS,
      examples: ["image build worker python"],
      load: async () => (await import("./build.ts")).buildImage,
    },
    {
      name: "verify",
      summary: "compare the files of one revision, or of all, with their manifests",
      args: ["[revision]"],
      shared: READS,
      examples: ["image verify", "image verify 0123456789abcdef"],
      load: async () => (await import("./verify.ts")).verifyImages,
    },
  ],
};
