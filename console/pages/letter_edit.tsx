import { useState } from "preact/hooks";
import type { Letter } from "../api/contract.ts";
import { replayBody, type TypedEdit } from "../api/replay_body.ts";
import { shown, WHOLE_CHARACTERS } from "../parts/text.ts";

/** How a record ends that was too long to be kept. */
const CUT = /\.\.\. \[cut: at most \d+ bytes are kept\]$/;
/** What stands for a column that is not shown: it must not be written back. */
const MASKED = "(masked)";

/**
 * What is replayed, to be changed before: the key and the record of a letter that holds the whole of it; columns of a
 * record that was too long to be kept, or has columns that are not shown; nothing of a row that was computed.
 */
export function LetterEdit({ letter, onReplay }: {
  readonly letter: Letter;
  readonly onReplay: (body: unknown) => Promise<void>;
}) {
  const { id, stage, record, resolvedMs } = letter;
  const whole = stage === "decode" && record !== null && !CUT.test(record) && !record.includes(MASKED);
  const [before] = useState(() => whole ? { key: letter.key ?? "", value: pretty(record) } : { set: "" });
  const [edit, setEdit] = useState<TypedEdit>(before);
  const [busy, setBusy] = useState(false);
  const changed = (Object.keys(before) as (keyof TypedEdit)[]).filter((name) =>
    edit[name] !== (before as TypedEdit)[name]
  );
  const fault = jsonFault(edit.value ?? edit.set ?? "");
  const replay = async () => {
    setBusy(true);
    await onReplay(replayBody(id, Object.fromEntries(changed.map((name) => [name, edit[name]]))));
    setBusy(false);
  };
  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault();
        replay();
      }}
    >
      {whole
        ? (
          <>
            <Field label="Key" rows={2} text={edit.key ?? ""} onText={(key) => setEdit({ ...edit, key })} />
            <p class="muted">Another key only of an event: a record of a table keeps its own.</p>
            <Field label="Record" rows={12} text={edit.value ?? ""} onText={(value) => setEdit({ ...edit, value })} />
          </>
        )
        : <Kept record={record} />}
      {!whole && stage === "decode" && (
        <>
          <p class="muted">The record is read from its topic again. Columns can be set before, as JSON:</p>
          <Field label="Columns" rows={3} text={edit.set ?? ""} onText={(set) => setEdit({ ...edit, set })} />
        </>
      )}
      {stage !== "decode" && (
        <p class="muted">
          A row that was computed is computed again as it is. If it cannot be right, correct its source or the topology.
        </p>
      )}
      {fault !== null && <p class="hint" role="status">Not JSON: {shown(fault, 200)}</p>}
      <div class="actions">
        <button
          type="submit"
          class="primary"
          disabled={busy || resolvedMs !== null || (fault !== null && changed.includes("set"))}
        >
          {changed.length > 0 ? "Replay as edited" : "Replay"}
        </button>
        <button type="button" disabled={changed.length === 0 || busy} onClick={() => setEdit(before)}>
          Undo edits
        </button>
      </div>
    </form>
  );
}

function Kept({ record }: { readonly record: string | null }) {
  return record === null ? null : <pre>{shown(record, WHOLE_CHARACTERS)}</pre>;
}

function Field({ label, rows, text, onText }: {
  readonly label: string;
  readonly rows: number;
  readonly text: string;
  readonly onText: (text: string) => void;
}) {
  return (
    <label>
      {label}
      <textarea rows={rows} spellcheck={false} value={text} onInput={(event) => onText(event.currentTarget.value)} />
    </label>
  );
}

/** JSON on lines of its own, if that changes nothing of it: a number that JavaScript rounds stays as it was. */
function pretty(text: string): string {
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

/** Null for JSON, and for nothing. */
function jsonFault(text: string): string | null {
  try {
    if (text !== "") JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
