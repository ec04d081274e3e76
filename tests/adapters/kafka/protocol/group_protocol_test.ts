import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import kafkajs from "kafkajs";
import {
  decodeAssignment,
  decodeMemberState,
  encodeAssignment,
  encodeMemberState,
} from "../../../../src/adapters/kafka/protocol/group_protocol.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const NOTHING = { tasks: [], standbys: [] };

Deno.test("encodeMemberState() is Kafka's subscription with the tasks as user data", () => {
  const state = { tasks: ["a-0", "a-1"], owned: ["a-1"], generation: 7 };
  const bytes = encodeMemberState(["orders", "inbox"], state);
  const read = MemberMetadata.decode(Buffer.from(bytes))!;
  assertEquals([read.version, read.topics], [0, ["orders", "inbox"]]);
  assertEquals(JSON.parse(read.userData.toString()), state);
  assertEquals(decodeMemberState(bytes), state);
});

Deno.test("encodeAssignment() is Kafka's assignment with the tasks as user data", () => {
  const tasks = [0, 1, 2].map((partition) => ({
    id: `t-${partition}`,
    partitions: [{ topic: "orders", partition }, { topic: "inbox", partition }],
  }));
  const bytes = encodeAssignment({ tasks: ["t-2", "t-0"], standbys: ["t-1"] }, tasks);
  assertEquals(MemberAssignment.decode(Buffer.from(bytes))!.assignment, { orders: [0, 2], inbox: [0, 2] });
  assertEquals(decodeAssignment(bytes), { tasks: ["t-2", "t-0"], standbys: ["t-1"] });
  assertEquals(decodeAssignment(encodeAssignment(NOTHING, tasks)), NOTHING);
  assertEquals(decodeAssignment(new Uint8Array(0)), NOTHING);
});

Deno.test("a member understands a leader of a version that knew no standbys, and is understood by it", () => {
  const userData = Buffer.from(JSON.stringify({ tasks: ["t-0"] }));
  const bytes = MemberAssignment.encode({ version: 0, assignment: { orders: [0] }, userData });
  assertEquals(decodeAssignment(bytes), { tasks: ["t-0"], standbys: [] });
  const given = encodeAssignment({ tasks: ["t-0"], standbys: ["t-1"] }, []);
  const read = JSON.parse(MemberAssignment.decode(Buffer.from(given))!.userData.toString()) as { tasks: string[] };
  assertEquals(read.tasks, ["t-0"], "what that version reads of it");
});
