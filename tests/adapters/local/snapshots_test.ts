import { assertEquals } from "@std/assert";
import { openLocalSnapshots } from "../../../src/adapters/local/snapshots.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const filesIn = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

Deno.test("openLocalSnapshots() reads what was published last, and nothing else", async () => {
  const directory = `${await Deno.makeTempDir()}/snapshots`;
  const snapshots = openLocalSnapshots(directory);
  const read = async (name: string) => {
    const found = await snapshots.read(name);
    return found === null ? null : new TextDecoder().decode(found);
  };
  assertEquals(await read("sales items-0"), null);
  const first = await snapshots.write("sales items-0", [bytes("fi"), bytes(""), bytes("rst")]);
  assertEquals(await read("sales items-0"), null, "it is not published");
  await first.publish();
  assertEquals(await read("sales items-0"), "first");
  await (await snapshots.write("sales items-0", [bytes("second")])).discard();
  assertEquals(await read("sales items-0"), "first");
  await (await snapshots.write("sales items-0", [bytes("third")])).publish();
  assertEquals([await read("sales items-0"), await read("sales items-1")], ["third", null]);
  assertEquals(filesIn(directory), ["sales%20items-0.snapshot"]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("openLocalSnapshots() reads a file of several pieces whole", async () => {
  const directory = `${await Deno.makeTempDir()}/snapshots`;
  const snapshots = openLocalSnapshots(directory);
  for (const length of [0, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 - 1]) {
    const written = Uint8Array.from({ length }, (_, at) => (at * 31) >>> 3);
    await (await snapshots.write("large", [written])).publish();
    const read = await snapshots.read("large");
    assertEquals([read?.length, read?.every((byte, at) => byte === written[at])], [length, true]);
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("openLocalSnapshots() takes names of any characters", async () => {
  const directory = `${await Deno.makeTempDir()}/snapshots`;
  const snapshots = openLocalSnapshots(directory);
  const names = ["../up", "a/b", "a%2Fb", "ä ö", "."];
  for (const name of names) await (await snapshots.write(name, [bytes(name)])).publish();
  for (const name of names) assertEquals(await snapshots.read(name), bytes(name));
  assertEquals(filesIn(directory).length, names.length);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("openLocalSnapshots() deletes what a crash left, but not what another process is writing", async () => {
  const directory = await Deno.makeTempDir();
  const snapshots = openLocalSnapshots(directory);
  await Deno.writeTextFile(`${directory}/x.snapshot.1-0.new`, "half");
  await Deno.utime(`${directory}/x.snapshot.1-0.new`, 0, 0);
  await Deno.writeTextFile(`${directory}/x.snapshot.2-0.new`, "under way");
  await (await snapshots.write("x", [bytes("whole")])).publish();
  assertEquals(filesIn(directory), ["x.snapshot", "x.snapshot.2-0.new"]);
  // Of its own what nobody published, as when ClickHouse did not acknowledge the rows.
  await snapshots.write("x", [bytes("left")]);
  await snapshots.write("y", [bytes("under way")]);
  await (await snapshots.write("x", [bytes("whole again")])).publish();
  const left = filesIn(directory).map((name) => name.replace(/\.[0-9a-f]{12}-\d+\.new$/, " of this process"));
  assertEquals(left, ["x.snapshot", "x.snapshot.2-0.new", "y.snapshot of this process"]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("openLocalSnapshots() keeps processes apart that share a directory and have one process id", async () => {
  const directory = await Deno.makeTempDir();
  // As in containers, where each is process 1: a module of its own has counted nothing yet.
  const other: { openLocalSnapshots: typeof openLocalSnapshots } = await import(
    `../../../src/adapters/local/snapshots.ts?other`
  );
  const [one, two] = [openLocalSnapshots(directory), other.openLocalSnapshots(directory)];
  const staged = [await one.write("x", [bytes("one")]), await two.write("x", [bytes("two")])];
  for (const { publish } of staged) await publish();
  assertEquals(await one.read("x"), bytes("two"));
  const again = [await two.write("x", [bytes("two again")]), await one.write("x", [bytes("one again")])];
  for (const { publish } of again) await publish();
  assertEquals([await two.read("x"), filesIn(directory)], [bytes("one again"), ["x.snapshot"]]);
  await Deno.remove(directory, { recursive: true });
});
