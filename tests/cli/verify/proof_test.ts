import { assertEquals } from "@std/assert";
import { writeDataFile } from "../../../src/cli/data_file.ts";
import { type Proof, readProof, writeProof } from "../../../src/cli/verify/proof.ts";
import { withDirectory } from "../support.ts";

const found: Proof = { time: "2026-01-02T03:04:05.678Z", equal: true, sinks: 2, rows: 10 };
const nothing: Proof = { time: "2026-01-03T03:04:05.678Z", equal: false, sinks: 0, rows: 0 };

Deno.test("writeProof() keeps the last one that compared something", () =>
  withDirectory((directory) => {
    writeProof(directory, nothing);
    assertEquals(readProof(directory), null, "nothing was compared, so nothing differs");
    writeProof(directory, found);
    writeProof(directory, nothing);
    assertEquals(readProof(directory), found, "the older proof, with its time");
    writeProof(directory, { ...found, equal: false });
    assertEquals(readProof(directory)?.equal, false);
    return Promise.resolve();
  }));

Deno.test("readProof() takes no notice of a file that an earlier version wrote of nothing", () =>
  withDirectory((directory) => {
    writeDataFile(directory, { name: "proof.json", value: nothing });
    assertEquals(readProof(directory), null);
    return Promise.resolve();
  }));
