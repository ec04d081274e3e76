import { useEffect, useRef } from "preact/hooks";
import { shown } from "../parts/text.ts";
import { linkTo } from "../state/address.ts";
import { explained } from "../state/explained.ts";
import { setDone, tour } from "./tour_state.ts";

/** A row is asked why it is as it is. */
export function WhyStep() {
  const { price, done } = tour.value;
  const before = useRef(explained.value);
  const answer = explained.value;
  const asked = answer !== null && answer !== before.current;
  useEffect(() => {
    if (asked) setDone("why");
  }, [asked]);
  const sale = price?.after;
  return (
    <>
      <p>
        Every row can say how it came about: the record that it is from, each lookup with what it found, and whether
        what ClickHouse shows is what is computed. So can a row that is <em>not</em>{" "}
        there, and a total, of which it names the rows.
      </p>
      <p>
        {sale === undefined
          ? (
            <>
              Open <a href={linkTo("tables", ["sales"])}>the table sales</a> and click <b>why</b> at any row.
            </>
          )
          : (
            <>
              Click the row:{" "}
              <a class="button" href={linkTo("explain", ["sales", "sales", String(sale.order_item_id)])}>
                sales {sale.order_item_id}
              </a>{" "}
              or <b>why</b> at any row of <a href={linkTo("tables", ["sales"])}>the table sales</a>.
            </>
          )}
      </p>
      <p role="status">
        {asked
          ? `It answered: ${
            shown(answer.sentence, 300).replace(/\.$/, "")
          }. Below stands how that came about, step by step.`
          : done.includes("why")
          ? "You have asked."
          : "Waiting for your question."}
      </p>
    </>
  );
}
