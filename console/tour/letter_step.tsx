import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { BadRecord, Letter, Letters, QueryResult } from "../api/contract.ts";
import { Notice } from "../parts/notice.tsx";
import { price as priceText, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";
import { setDone, setTour, tour } from "./tour_state.ts";
import { usePolled } from "./use_polled.ts";

const LOOK_MS = 700;

/** What became of a bad record: its letter, and what the table shows of its key. */
interface Fate {
  readonly letter: Letter | null;
  readonly price: string | null;
}

/** A record that cannot be read is sent, fixed and replayed. */
export function LetterStep() {
  const { letter } = tour.value;
  return letter === null ? <Send /> : <Fix bad={letter} />;
}

function Send() {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    setFault(null);
    try {
      setTour({ letter: await ask<BadRecord>("/api/demo/bad-record", { body: {} }) });
    } catch (error) {
      setFault(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <>
      <p>
        One day a producer writes what nobody can read. The shop changes the price of a product, and what tells of it
        says an amount as people write it, "12,90 EUR", where a number should be. Weir neither stops nor guesses: it
        sets the record aside, as a dead letter, and says that the row is stale.
      </p>
      <div class="actions">
        <button type="button" class="primary" disabled={busy} onClick={send}>Send a bad record</button>
      </div>
      {fault !== null && <Notice kind="bad">{fault}</Notice>}
    </>
  );
}

function Fix({ bad }: { readonly bad: BadRecord }) {
  const fate = usePolled((signal) => fateOf(bad, signal), { everyMs: LOOK_MS, key: `${bad.key} ${bad.sent}` });
  const right = fate !== null && fate.letter?.resolution !== null && fate.price === bad.right;
  useEffect(() => {
    if (right) setDone("letter");
  }, [right]);
  return (
    <>
      <p class="tour-fact">
        The shop sells <b>{shown(bad.product, 60)}</b>, product {bad.product_id}, for <b>{bad.right}</b> now, and for
        {" "}
        {bad.before} before. The record with key <code>{bad.key}</code> in <code>{bad.topic}</code> says{" "}
        <code>"price": "{bad.sent}"</code>.
      </p>
      <p role="status">
        <Standing bad={bad} fate={fate} />
      </p>
      <div class="actions">
        {fate?.letter?.resolution === null && (
          <a class="button" href={linkTo("letters", [fate.letter.id])}>Open the dead letter</a>
        )}
        {fate !== null && fate.letter?.resolution !== null && !right && (
          <button
            type="button"
            onClick={() => setTour({ letter: null })}
          >
            Send another one
          </button>
        )}
      </div>
    </>
  );
}

/** How it stands, and what to do next. */
function Standing({ bad, fate }: { readonly bad: BadRecord; readonly fate: Fate | null }) {
  if (fate === null || fate.letter === null) return <>Waiting for its dead letter.</>;
  const { letter, price } = fate;
  if (letter.resolution === null) {
    return (
      <>
        It is a dead letter, and <code>products</code> still shows{" "}
        {price ?? "no such row"}. Open it. In its record, behind <code>"after"</code>, write <code>"{bad.right}"</code>
        {" "}
        for <code>"{bad.sent}"</code>, and press <b>Replay as edited</b>.
      </>
    );
  }
  if (price === bad.right) {
    return (
      <>
        <code>products</code> shows{" "}
        {price}, as the shop does. The corrected record counts at the place of the bad one, after every restart, and
        would never have replaced a newer one.
      </>
    );
  }
  return letter.attempts.some(({ outcome }) => outcome === "replayed")
    ? (
      <>
        It was replayed, and <code>products</code> shows {price ?? "no such row"}, while the shop says{" "}
        {bad.right}: a comparison with the source finds that. The next change of the product puts it right.
      </>
    )
    : (
      <>
        The shop has changed the product again meanwhile, so that the letter no longer applies: the newest record wins.
      </>
    );
}

async function fateOf({ topic, key, sent, product_id }: BadRecord, signal: AbortSignal): Promise<Fate> {
  const sql = `SELECT toString(price) FROM products WHERE id = ${product_id}`;
  const [{ letters }, { rows }] = await Promise.all([
    ask<Letters>("/api/dead-letters?state=all&stage=decode&limit=100", { signal }),
    ask<QueryResult>("/api/query", { body: { sql }, signal }),
  ]);
  const letter = letters.find((one) => one.topic === topic && one.key === key && one.error.includes(sent)) ?? null;
  return { letter, price: rows.length === 0 ? null : priceText(rows[0][0]) };
}
