// What operate.py does, for a program in JavaScript: the Automation API takes the place of the language host for Node,
// which the Pulumi CLI brings along except where it was built from its Go module.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

async function main() {
  const request = JSON.parse(readFileSync(0, "utf8"));
  const { automation } = createRequire(request.program)("@pulumi/pulumi");
  const lines = [];
  const answer = { ok: true, outputs: {}, changes: {} };
  try {
    const program = async () => require(request.program);
    const workspace = await automation.LocalWorkspace.create({ workDir: request.folder, program });
    const stack = await automation.Stack.createOrSelect(request.stack, workspace);
    const options = { onOutput: (line) => lines.push(line), onError: (line) => lines.push(line), color: "never" };
    const result = await stack[request.operation]({ ...options, ...request.options });
    answer.changes = (request.operation === "preview" ? result.changeSummary : result.summary.resourceChanges) ?? {};
    const outputs = Object.entries(result.outputs ?? {});
    answer.outputs = Object.fromEntries(outputs.map(([key, output]) => [key, output.value]));
    answer.secret_outputs = outputs.filter(([, output]) => output.secret).map(([key]) => key);
  } catch (error) {
    answer.ok = false;
    lines.push(String(error));
  }
  process.stdout.write(JSON.stringify({ ...answer, output: lines.join("") }));
}

main();
