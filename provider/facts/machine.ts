/** Small facts of a machine: its id, its resolver's configuration, the logins over ssh. */
import type { Answer, Command } from "../engine/command.js";
import { fact } from "../engine/fact.js";

export const machineQuestion = {
  why: "read which machine this is",
  argv: ["cat", "/etc/machine-id"],
  quick: ["file", "/etc/machine-id"],
  lasting: true,
} as const satisfies Command;

const resolverQuestion = {
  why: "read the resolver's configuration",
  argv: ["cat", "/etc/resolv.conf"],
  quick: ["file", "/etc/resolv.conf"],
  lasting: true,
} as const satisfies Command;
const clientQuestion = {
  why: "read where this login comes from",
  argv: ["printenv", "SSH_CONNECTION"],
  quick: ["variable", "SSH_CONNECTION"],
  lasting: true,
} as const satisfies Command;

export const machine = fact([machineQuestion], readMachine);
export const resolvers = fact([resolverQuestion], readResolvers);
export const client = fact([clientQuestion], readClient);

export function readMachine(answer: Answer): string | undefined {
  const id = answer.stdout.trim();
  return answer.code === 0 && /^[\w-]{1,64}$/.test(id) ? id : undefined;
}

function readResolvers(answer: Answer): readonly string[] {
  return [...answer.stdout.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map(
    ([, address]) => address ?? "",
  );
}

/** sshd sets `SSH_CONNECTION` to "client-address client-port own-address own-port". */
function readClient(answer: Answer): string | undefined {
  return answer.stdout.trim().split(" ")[0] || undefined;
}
