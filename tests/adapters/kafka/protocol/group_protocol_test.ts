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
  const bytes = encodeAssignment(["t-2", "t-0"], tasks);
  assertEquals(MemberAssignment.decode(Buffer.from(bytes))!.assignment, { orders: [0, 2], inbox: [0, 2] });
  assertEquals(decodeAssignment(bytes), ["t-2", "t-0"]);
  assertEquals(decodeAssignment(encodeAssignment([], tasks)), []);
  assertEquals(decodeAssignment(new Uint8Array(0)), []);
});
