import { assertEquals } from "@std/assert";
import { permitted } from "../support.ts";

const PROGRAM = `
import { writeOut } from "./src/cli/start/output.ts";
writeOut("first\\n");
await Deno.stdin.read(new Uint8Array(1));
writeOut("second\\n");
writeOut("third\\n");
console.error("still at work");
`;

Deno.test("writeOut() goes on without its reader, as after the end of a head", { ignore: !permitted }, async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", PROGRAM],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const writer = child.stdin.getWriter();
  await writer.write(new Uint8Array([10]));
  await writer.close();
  const [err, { code }] = await Promise.all([new Response(child.stderr).text(), child.status]);
  assertEquals([new TextDecoder().decode(value), err, code], ["first\n", "still at work\n", 0]);
});
