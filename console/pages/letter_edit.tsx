import { useState } from "preact/hooks";
import type { Letter } from "../api/contract.ts";
import { shown } from "../parts/text.ts";

/** The key and the record, to be changed before they are written again. */
export function LetterEdit({ letter, onReplay }: {
  readonly letter: Letter;
  readonly onReplay: (body: unknown) => Promise<void>;
}) {
  const [before] = useState(() => ({ key: letter.key ?? "", value: pretty(letter.record ?? "") }));
  const [key, setKey] = useState(before.key);
  const [value, setValue] = useState(before.value);
  const [busy, setBusy] = useState(false);
  const edited = key !== before.key || value !== before.value;
  const fault = jsonFault(value);
  const replay = async () => {
    setBusy(true);
    const edit = {
      id: letter.id,
      ...(key === before.key ? {} : { key }),
      ...(value === before.value ? {} : { value }),
    };
    await onReplay({ ids: [letter.id], ...(edited ? { edit } : {}) });
    setBusy(false);
  };
  if (letter.record === null) {
    return <p class="muted">The record itself was not kept, so it cannot be replayed from here.</p>;
  }
  return (
    <form
      class="edit"
      onSubmit={(event) => {
        event.preventDefault();
        replay();
      }}
    >
      <Field label="Key" rows={2} text={key} onText={setKey} />
      <Field label="Record" rows={12} text={value} onText={setValue} />
      {fault !== null && <p class="hint" role="status">Not JSON: {shown(fault, 200)}</p>}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy}>{edited ? "Replay as edited" : "Replay"}</button>
        <button
          type="button"
          disabled={!edited || busy}
          onClick={() => {
            setKey(before.key);
            setValue(before.value);
          }}
        >
          Undo edits
        </button>
      </div>
    </form>
  );
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

function jsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
