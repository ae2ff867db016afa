/** The form of a plan that comes from outside: from a stack's output, or from a resource's inputs. */
import { z } from "zod";

export const planForm = z.record(
  z.string(),
  z.object({ address: z.string(), subnet: z.string(), bridgeAddress: z.string() }).meta({ id: "HostPlan" }),
);

export const lansForm = z.record(
  z.string(),
  z.record(
    z.string(),
    z.object({ address: z.string(), range: z.string(), reserved: z.array(z.string()).default([]) }),
  ),
);
