import { assertEquals } from "@std/assert";
import { openMemberNotes } from "../../../../src/adapters/kafka/group/notes.ts";

const mayRun = (await Deno.permissions.query({ name: "run" })).state === "granted";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir_members_" });
  try {
    await run(`${directory}/members`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Another process that has noted these memberships by the time this resolves. */
async function noteElsewhere(directory: string, ...memberships: string[]): Promise<Deno.ChildProcess> {
  const script = new URL("./notes_process.ts", import.meta.url).pathname;
  const args = ["run", "--no-config", "--no-check", "--quiet", "--allow-read", "--allow-write", script, directory];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args, ...memberships],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) if (text.includes("noted")) return child;
  throw new Error("the other process ended without its notes");
}

async function killed(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
  await child.stdin.close().catch(() => {});
}

Deno.test({
  name: "openMemberNotes() knows the memberships of killed processes, by group, until they are removed",
  ignore: !mayRun,
  fn: () =>
    withDirectory(async (directory) => {
      await killed(await noteElsewhere(directory, "sales=a", "sales=b", "mirror=c"));
      const notes = openMemberNotes(directory);
      assertEquals(notes.abandoned("sales"), ["a", "b"]);
      notes.remove("sales", "a");
      assertEquals(notes.abandoned("sales"), ["b"]);
      assertEquals(notes.abandoned("mirror"), ["c"]);
      assertEquals(notes.abandoned("order_funnel"), []);
      notes.close();
    }),
});

Deno.test({
  name: "openMemberNotes() passes on what it inherited when it is killed before it could leave",
  ignore: !mayRun,
  fn: () =>
    withDirectory(async (directory) => {
      await killed(await noteElsewhere(directory, "sales=a"));
      await killed(await noteElsewhere(directory, "sales=b"));
      const notes = openMemberNotes(directory);
      assertEquals([...notes.abandoned("sales")].sort(), ["a", "b"]);
      notes.close();
    }),
});

Deno.test({
  name: "openMemberNotes() leaves the memberships of processes that live alone",
  ignore: !mayRun,
  fn: () =>
    withDirectory(async (directory) => {
      const child = await noteElsewhere(directory, "sales=a");
      const notes = openMemberNotes(directory);
      assertEquals(notes.abandoned("sales"), []);
      notes.close();
      await killed(child);
      const next = openMemberNotes(directory);
      assertEquals(next.abandoned("sales"), ["a"]);
      next.close();
    }),
});

Deno.test("openMemberNotes() leaves no file behind when all memberships were left", () =>
  withDirectory((directory) => {
    const notes = openMemberNotes(directory);
    notes.add("sales", "a");
    assertEquals(notes.abandoned("sales"), [], "its own are not abandoned");
    notes.remove("sales", "a");
    notes.close();
    assertEquals([...Deno.readDirSync(directory)], []);
    return Promise.resolve();
  }));

Deno.test("openMemberNotes() begins anew where a note is half written", () =>
  withDirectory((directory) => {
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/1.json`, '{"sales":["a');
    const notes = openMemberNotes(directory);
    assertEquals(notes.abandoned("sales"), []);
    notes.close();
    assertEquals([...Deno.readDirSync(directory)], []);
    return Promise.resolve();
  }));
