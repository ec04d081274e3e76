import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { ProcessorError } from "../../../src/record/errors.ts";
import type { Key } from "../../../src/record/key.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { contentBytesMax, encodeRow } from "../../../src/record/sendable.ts";
import { Channel } from "../../../src/runtime/conversation/channel.ts";
import { decodeInbox } from "../../../src/runtime/conversation/inbox_record.ts";
import { encodeValue, valueHead } from "../../../src/runtime/conversation/messages.ts";

const MESSAGE_BYTES_MAX = 8_192;
const PIECES = ["x", "é", "€", "😀", '"', "\\", "\u0001"];

Deno.test("no record is larger than its limit, whatever is sent of what encodeRow() lets pass", () => {
  const random = mulberry32(7);
  const text = (length: number) => Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
  const records: string[] = [];
  const channel = new Channel({
    task: `${"t".repeat(249)}@10000`,
    epoch: 2 ** 52,
    limits: { packLengthMax: 2_000, messageBytesMax: MESSAGE_BYTES_MAX },
    emit: (_, record) => records.push(record),
  });
  const join = "j".repeat(300);
  const sent: Key[] = [];
  const refused: Key[] = [];
  for (let index = 0; index < 2_000; index++) {
    const key: Key = random() < 0.5 ? index : JSON.stringify(`${index} ${text(Math.floor(random() * 400))}`);
    const row = { text: text(Math.floor(random() * (random() < 0.2 ? 2_500 : 100))) };
    try {
      const bytesMax = contentBytesMax(MESSAGE_BYTES_MAX);
      const wire = encodeRow(row, { operator: join, key, bytesMax });
      sent.push(key);
      channel.sendEncoded({ table: 0, partition: 0 }, encodeValue(key, { head: valueHead(join), text: wire }));
    } catch (error) {
      assertEquals((error as ProcessorError).reason, "too_large");
      assert(Buffer.byteLength(JSON.stringify(row)) > (MESSAGE_BYTES_MAX - 4_096) / 3, "nothing small is refused");
      refused.push(key);
    }
  }
  channel.flush();
  assertEquals(records.filter((record) => Buffer.byteLength(record) > MESSAGE_BYTES_MAX), []);
  const taken = records.flatMap((record) => {
    const read = decodeInbox(record);
    return read.kind === "pack" ? read.messages.map((message) => message.type === "value" ? message.key : null) : [];
  });
  assertEquals(taken, sent);
  assert(refused.length > 20 && sent.length > 1_000 && records.length < sent.length, "both are tried");
});
