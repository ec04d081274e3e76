import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import kafkajs from "kafkajs";
import { leadGroup } from "../../../../src/adapters/kafka/group/leading.ts";
import type { JoinedGroup } from "../../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import {
  decodeAssignment,
  decodeMemberState,
  encodeAssignment,
  encodeMemberState,
  memberState,
} from "../../../../src/adapters/kafka/protocol/group_protocol.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const NOTHING = { tasks: [], standbys: [], addresses: [] };

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
  const given = { tasks: ["t-2", "t-0"], standbys: ["t-1"], addresses: ["weir-2:8686"] };
  const bytes = encodeAssignment(given, tasks);
  assertEquals(MemberAssignment.decode(Buffer.from(bytes))!.assignment, { orders: [0, 2], inbox: [0, 2] });
  assertEquals(decodeAssignment(bytes), given);
  assertEquals(decodeAssignment(encodeAssignment(NOTHING, tasks)), NOTHING);
  assertEquals(decodeAssignment(new Uint8Array(0)), NOTHING);
});

Deno.test("a member understands a leader that knew no standbys and no addresses, and is understood by it", () => {
  const userData = Buffer.from(JSON.stringify({ tasks: ["t-0"] }));
  const bytes = MemberAssignment.encode({ version: 0, assignment: { orders: [0] }, userData });
  assertEquals(decodeAssignment(bytes), { tasks: ["t-0"], standbys: [], addresses: [] });
  const given = encodeAssignment({ tasks: ["t-0"], standbys: ["t-1"], addresses: ["weir-2:8686"] }, []);
  const read = JSON.parse(MemberAssignment.decode(Buffer.from(given))!.userData.toString()) as { tasks: string[] };
  assertEquals(read.tasks, ["t-0"], "what that version reads of it");
});

Deno.test("a leader tells each member where the others can be asked, whatever version they are of", () => {
  const state = (options: { readonly address?: string }) => ({
    memberMetadata: Buffer.from(encodeMemberState(
      ["orders"],
      memberState({ tasks: [{ id: "t-0", partitions: [] }], ...options }, { assigned: NOTHING, generation: -1 }),
    )),
  });
  const members = [
    { memberId: "a", ...state({ address: "weir-1:8686" }) },
    { memberId: "b", ...state({ address: "weir-2:8686" }) },
    { memberId: "c", ...state({}) },
  ];
  const joined = { generationId: 1, leaderId: "a", memberId: "a", members } as unknown as JoinedGroup;
  const given = leadGroup(joined, []).map(({ memberId, memberAssignment }) => {
    return [memberId, decodeAssignment(memberAssignment).addresses];
  });
  assertEquals(given, [["a", ["weir-2:8686"]], ["b", ["weir-1:8686"]], ["c", ["weir-1:8686", "weir-2:8686"]]]);
  assertEquals("address" in decodeMemberState(members[2].memberMetadata), false, "as earlier versions tell it");
});
