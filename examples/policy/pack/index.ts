import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from "@pulumi/policy";
import { overlap } from "./overlap";

const bridge = "pulumi-nodejs:dynamic/dockroute:DockerBridge";

/** Ranges of ours that no container may have: the offices, the VPN. */
const taken = ["10.0.0.0/8", "192.168.0.0/16"];

const protectedBridges: ResourceValidationPolicy = {
  name: "bridges-protected",
  description: "A host's bridge is protected: to destroy it restarts Docker.",
  enforcementLevel: "mandatory",
  validateResource: ({ type, opts, props }, report) => {
    if (type !== bridge || opts.protect) return;
    report(`${props["host"]} is not protected: declare its mesh or its bridge with { protect: true }`);
  },
};

const noOverlaps: StackValidationPolicy = {
  name: "no-overlaps",
  description: "No two bridges overlap, of whichever mesh, and none a range that is taken.",
  enforcementLevel: "mandatory",
  validateStack: ({ resources }, report) => {
    const bridges = resources.filter(({ type }) => type === bridge);
    bridges.forEach(({ urn, props: { host, bip } }, at) => {
      for (const range of taken.filter((each) => overlap(each, bip))) {
        report(`docker0 of ${host}, ${bip}, overlaps ${range}, which is taken`, urn);
      }
      for (const { props: other } of bridges
        .slice(at + 1)
        .filter(({ props }) => overlap(props["bip"], bip))) {
        report(`docker0 of ${host}, ${bip}, overlaps docker0 of ${other["host"]}, ${other["bip"]}`, urn);
      }
    });
  },
};

new PolicyPack("mesh-policies", { policies: [protectedBridges, noOverlaps] });
