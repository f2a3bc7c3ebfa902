// stack_runner.py for a program in JavaScript. The Automation API replaces the language host for Node, which a CLI that was
// built from its Go module does not include.
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");

async function main() {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { folder, program, stack: name } = JSON.parse((await lines.next()).value);
  const { automation } = createRequire(program)("@pulumi/pulumi");
  const run = async () => {
    delete require.cache[program];
    return require(program);
  };
  const workspace = await automation.LocalWorkspace.create({ workDir: folder, program: run });
  const stack = await automation.Stack.createOrSelect(name, workspace);
  for await (const line of lines) console.log(JSON.stringify(await answer(stack, JSON.parse(line))));
}

async function answer(stack, { operation, options, environment }) {
  Object.assign(process.env, environment);
  const lines = [];
  const answer = { ok: true, changes: {} };
  const listening = { onOutput: (line) => lines.push(line), onError: (line) => lines.push(line), color: "never" };
  try {
    const result = await stack[operation]({ ...listening, ...options });
    answer.changes = (operation === "preview" ? result.changeSummary : result.summary.resourceChanges) ?? {};
    const outputs = Object.entries(result.outputs ?? {});
    answer.stored_outputs = Object.fromEntries(outputs.map(([key, output]) => [key, output.value]));
    answer.secret_outputs = outputs.filter(([, output]) => output.secret).map(([key]) => key);
  } catch (error) {
    answer.ok = false;
    lines.push(String(error));
  }
  return { ...answer, output: lines.join("") };
}

main();
