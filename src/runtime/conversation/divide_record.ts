import { LimitError, ProcessorError } from "../../record/errors.ts";
import { keyText } from "../../record/key.ts";
import { decodeInbox, encodePack } from "./inbox_record.ts";
import { encodeMessage, HEAD_END, type Message } from "./messages.ts";

/** A pack on its way to an inbox. `span`: how much of its sender's numbering is its own, up to its seq; 1 if absent. */
interface PackRecord {
  readonly topic: string;
  readonly text: string;
  readonly span?: number;
}

/**
 * A pack that is too large for the log as two halves, in the same order and within the same place of the sender's
 * numbering: seqs between the numbers are greater than those of packs before and less than those after. A value that is
 * alone and still too large is refused, and so told as absent. Null if there is nothing that could be left out.
 */
export function divideRecord<R extends PackRecord>(
  record: R,
  refusal: { readonly error: Error; readonly onRefused: (error: ProcessorError) => void },
): R[] | null {
  const read = decodeInbox(record.text);
  if (read.kind !== "pack") return null;
  const { span = 1 } = record;
  const { from, epoch, seq } = read;
  const messages = read.messages.flatMap(oneByOne);
  const pack = (part: readonly Message[], at: { seq: number; span: number }): R => ({
    ...record,
    text: encodePack({ from, epoch, seq: at.seq, messages: part.map(messageText).join(",") }),
    span: at.span,
  });
  if (messages.length > 1) {
    const half = messages.length >> 1;
    const left = pack(messages.slice(0, half), { seq: seq - span / 2, span: span / 2 });
    return [left, pack(messages.slice(half), { seq, span: span / 2 })];
  }
  const [message] = messages;
  if (message?.type !== "value" || message.value === null) return null;
  refusal.onRefused(
    new ProcessorError(message.join, keyText(message.key), {
      cause: new LimitError(
        "max.message.bytes",
        `${refusal.error.message}. Raise max.message.bytes of topic "${record.topic}" (WEIR_MESSAGE_BYTES_MAX is ` +
          "what Weir refuses by itself), or leave large columns out with pick() or mapValues()",
      ),
      reason: "too_large",
    }),
  );
  return [pack([{ ...message, value: null }], { seq, span })];
}

/** A block is answered as a whole, so that it cannot be halved: its right rows are asked for one by one. */
function oneByOne(message: Message): Message[] {
  if (message.type !== "block") return [message];
  const { join, keys, held } = message;
  return keys.map((key, index) => ({ type: "resubscribe", join, key, held: held[index] }));
}

function messageText(message: Message): string {
  const { head, body } = encodeMessage(message);
  return head === null ? body : `${head}${body}${HEAD_END}`;
}
