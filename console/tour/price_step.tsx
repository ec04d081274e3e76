import { useEffect, useRef, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { Demo, RepricedSale } from "../api/contract.ts";
import { Notice } from "../parts/notice.tsx";
import { PlainTable } from "../parts/plain_table.tsx";
import { grouped, price as priceText, shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";
import { useAsked } from "../state/asked.ts";
import { type PriceChange, setDone, setTour, tour } from "./tour_state.ts";
import { usePolled } from "./use_polled.ts";
import { askValues, watchedValues } from "./watched_rows.ts";

const LOOK_MS = 250;
/** A store that takes no change yet soon does. */
const AGAIN_MS = 3_000;

/** A sale is given another price, and its rows change. */
export function PriceStep() {
  const { price } = tour.value;
  return price === null ? <Choice /> : <Follow price={price} />;
}

/** Offers a sale, and changes its price. */
function Choice() {
  const { value, problem, loading, again } = useAsked<Demo>("/api/demo");
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const sale = value?.sale ?? null;
  useEffect(() => setTyped(sale === null ? "" : priceText(Number(sale.unit_price) + 10)), [sale]);
  useEffect(() => {
    if (problem === null || loading) return;
    const timer = setTimeout(again, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [problem, loading]);
  const change = async () => {
    if (sale === null) return;
    setBusy(true);
    setFault(null);
    try {
      const shownBefore = await askValues(sale);
      const body = { order_item_id: sale.order_item_id, unit_price: typed.trim() };
      const repriced = await ask<RepricedSale>("/api/demo/price", { body });
      setTour({ price: { ...repriced, shownBefore, tookMs: null } });
    } catch (error) {
      setFault(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <>
      <p>
        You keep the shop's database. An item was sold at a wrong price: correct it. That is one statement there, and no
        table here knows of it yet.
      </p>
      {problem !== null && <Notice kind="warn">{problem}</Notice>}
      {sale !== null && (
        <form
          class="tour-form"
          onSubmit={(event) => {
            event.preventDefault();
            change();
          }}
        >
          <p class="tour-fact">
            {sale.quantity} × <b>{shown(sale.product, 60)}</b> of {shown(sale.seller, 60)}, item{" "}
            {grouped(sale.order_item_id)} of order {grouped(sale.order_id)}, sold for <b>{sale.unit_price}</b>
          </p>
          <label class="inline">
            New price
            <input
              inputMode="decimal"
              required
              size={10}
              autocomplete="off"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="primary" disabled={busy}>Change the price</button>
          <button type="button" disabled={busy || loading} onClick={again}>Another sale</button>
        </form>
      )}
      {fault !== null && <Notice kind="bad">{fault}</Notice>}
    </>
  );
}

/** What ClickHouse shows, until all of it has followed. */
function Follow({ price }: { readonly price: PriceChange }) {
  const { before, after, shownBefore, tookMs } = price;
  const beganMs = useRef(performance.now());
  const now = usePolled((signal) => askValues(after, signal), { everyMs: LOOK_MS, key: String(after.order_item_id) });
  const values = watchedValues().filter(({ table }) => shownBefore[table] !== undefined);
  const changed = ({ table }: { readonly table: string }) => now !== null && now[table] !== shownBefore[table];
  const all = values.length > 0 && values.every(changed);
  useEffect(() => {
    if (!all) return;
    if (tookMs === null) setTour({ price: { ...price, tookMs: Math.round(performance.now() - beganMs.current) } });
    setDone("price");
  }, [all]);
  return (
    <>
      <p role="status">
        {before.unit_price} became {after.unit_price} in the shop. {all
          ? `All ${values.length} tables show it${
            tookMs === null ? "" : `, ${grouped(tookMs)} ms later`
          }: one change ` +
            "travelled through the topic of the table and every join and total that it touches, and nothing was " +
            "computed anew."
          : `${values.filter(changed).length} of ${values.length} tables show it.`}
      </p>
      <PlainTable
        label="Rows that follow"
        scroll="scroll tour-rows"
        rows={values}
        keyOf={({ table }) => table}
        columns={[
          {
            title: "table",
            kind: "head",
            cell: ({ table, what }) => (
              <>
                <a href={linkTo("tables", [table])}>{table}</a> <small>{what}</small>
              </>
            ),
          },
          { title: "before", kind: "number", cell: ({ table }) => shownBefore[table] },
          {
            title: "now",
            kind: "number",
            cell: (value) => changed(value) ? <b class="tour-new">{now![value.table]}</b> : "as before",
          },
        ]}
      />
    </>
  );
}
