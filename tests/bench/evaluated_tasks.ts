import type { Row } from "../../src/record/row.ts";
import type { Task } from "../../src/runtime/task/task.ts";
import type { TaskContext } from "../../src/runtime/task/task_context.ts";
import type { OutgoingRow } from "../../src/runtime/delivery/waiting_rows.ts";
import type { AskedRights } from "../../src/state/right_store.ts";

/** Tasks of the table that is evaluated. */
const TASKS = 6;
/** Rows of the tables; three items are one order's. */
const [ITEMS, USERS, PRODUCTS, SELLERS] = [60_000, 2_000, 1_000, 100];
/** Items that change between two turns of all tasks. */
const BATCH_ROWS = 3_000;
const STATUSES = ["pending", "paid", "shipped", "delivered"];
const TAKEN = { rowsMax: 100_000, bytesMax: 100_000_000 };

/** Something that happens to all items, and how many are evaluated by it. */
export type Phase = () => number;

/** The items of the `sales` topology in tasks by hand: no log, no ClickHouse, orders answered at once. */
export interface EvaluatedTasks {
  /** Items come, find their partners, and are shown and added up. */
  readonly insert: Phase;
  /** The quantity of each item changes, in an order that looks random: rows and totals are other ones. */
  readonly change: Phase;
  /** The status of each order changes: its items' rows are other ones, the totals are not. */
  readonly partner: Phase;
  /** Each item is evaluated, and nothing has changed. */
  readonly again: Phase;
}

/** Makes the tasks with the code of a checkout of Weir; `root`: its directory as a file URL. */
export async function evaluatedTasksOf(root: string): Promise<() => EvaluatedTasks> {
  const load = (path: string) => import(new URL(path, root).href);
  const modules: Modules = {
    ...await load("src/plan/compile.ts"),
    ...await load("src/runtime/task/task.ts"),
    ...await load("src/runtime/globals/globals.ts"),
    ...await load("src/state/shared_rows.ts"),
    ...await load("src/runtime/options.ts"),
    ...await load("src/record/decimal.ts"),
    ...await load("src/runtime/delivery/waiting_rows.ts"),
  };
  const { default: topology } = await load("topologies/sales.ts");
  return () => evaluatedTasks(modules, modules.compile(topology));
}

type Modules =
  & Pick<typeof import("../../src/plan/compile.ts"), "compile">
  & Pick<typeof import("../../src/runtime/task/task.ts"), "Task">
  & Pick<typeof import("../../src/runtime/globals/globals.ts"), "Globals">
  & Pick<typeof import("../../src/state/shared_rows.ts"), "SharedRows">
  & Pick<typeof import("../../src/runtime/options.ts"), "defaultRunOptions">
  & Pick<typeof import("../../src/record/decimal.ts"), "Decimal">
  & Pick<typeof import("../../src/runtime/delivery/waiting_rows.ts"), "WaitingRows">;

type Plan = ReturnType<Modules["compile"]>;

function refused(refusal: unknown): never {
  throw new Error("Cannot measure: a row was refused", { cause: refusal });
}

function filledGlobals({ Globals, SharedRows }: Modules, plan: Plan): TaskContext["globals"] {
  const looked = [...plan.tables, ...plan.globals].flatMap(({ lookups }) =>
    lookups.flatMap(({ global, table, step }) => global ? [[table, step] as const] : [])
  );
  const refusals = () => ({ row: refused, begin() {}, evaluated() {} }) as never;
  const globals = new Globals({ tables: plan.globals, looked, refusals, compileAfterRows: 200 });
  const shared = plan.globals.map(() => new SharedRows());
  globals.join(shared);
  shared.forEach((rows, table) => rows.join({ changed: (slot) => globals.changed(table, slot), failed: refused }));
  const fill = (name: string, { count, rowOf }: { count: number; rowOf: (id: number) => Row }) => {
    const table = plan.globals.findIndex(({ source }) => source.topic.endsWith(name));
    for (let id = 1; id <= count; id++) shared[table].set(id, rowOf(id));
  };
  fill("sellers", { count: SELLERS, rowOf: (id) => ({ id, name: `seller ${id}` }) });
  fill("users", { count: USERS, rowOf: (id) => ({ id, preferences: `{"country":"${id % 5}"}` }) });
  fill("products", {
    count: PRODUCTS,
    rowOf: (id) => ({
      id,
      seller_id: 1 + id % SELLERS,
      name: `product ${id}`,
      attributes: `{"category":"${id % 12}"}`,
    }),
  });
  return globals;
}

/** Tasks whose start is complete, and what lets them work until all is put. */
function openTasks(modules: Modules, plan: Plan) {
  const waiting = new modules.WaitingRows();
  const context = {
    plan,
    options: modules.defaultRunOptions,
    partitions: plan.tables.map(() => TASKS),
    globals: filledGlobals(modules, plan),
    decoders: () => [null],
    emit() {},
    put: (_sink: unknown, row: OutgoingRow) => waiting.put(row),
    suspect: () => false,
    letters: { callback: refused, undecodable: refused, mended() {} },
    count() {},
  } as unknown as TaskContext;
  const table = plan.tables.find(({ lookups }) => lookups.length > 0)!;
  const tasks = Array.from(
    { length: TASKS },
    (_, partition) => new modules.Task({ context, table, partition, epoch: 1 }),
  );
  for (const task of tasks) {
    task.load();
    task.work();
    task.finish();
    while (!task.complete) task.work();
  }
  const work = () => {
    for (let busy = true; busy;) {
      busy = false;
      for (const task of tasks) {
        task.work();
        task.endBatch();
        busy ||= task.busy;
      }
      waiting.take(TAKEN);
    }
  };
  return { tasks, work };
}

function evaluatedTasks(modules: Modules, plan: Plan): EvaluatedTasks {
  const { tasks, work } = openTasks(modules, plan);
  let version = 0;
  const orderOf = (id: number): Row => ({
    id,
    user_id: 1 + (id * 7_919) % USERS,
    status: STATUSES[version % STATUSES.length],
    placed_at: 1_767_225_600_000_000 + id * 61_000_000,
  });
  const itemOf = (id: number): Row => ({
    id,
    order_id: 1 + Math.floor(id / 3),
    product_id: 1 + (id * 104_729) % PRODUCTS,
    quantity: 1 + (id + version) % 9,
    unit_price: modules.Decimal.of(100 + (id * 31) % 99_000, 2),
  });
  const setAll = (idAt: (at: number) => number) => {
    for (let at = 0; at < ITEMS;) {
      const id = idAt(at);
      tasks[id % TASKS].setRow(0, id, itemOf(id));
      if (++at % BATCH_ROWS === 0) work();
    }
    work();
    return ITEMS;
  };
  return {
    insert() {
      setAll((at) => 1 + at);
      return answerAll(tasks, { orderOf, work });
    },
    change() {
      version++;
      return setAll((at) => 1 + (at * 48_271) % ITEMS);
    },
    partner() {
      version++;
      return answerAll(tasks, { orderOf, work });
    },
    again() {
      for (const task of tasks) for (const entry of task.entries.keys.used()) task.evaluate(entry);
      work();
      return ITEMS;
    },
  };
}

/** Every order is told. */
function answerAll(
  tasks: readonly Task[],
  { orderOf, work }: { readonly orderOf: (id: number) => Row; readonly work: () => void },
): number {
  let told = 0;
  for (const task of tasks) {
    const orders = task.stores[0] as AskedRights;
    for (const right of orders.keys.used()) {
      orders.answer(right, orderOf(orders.keys.keyOf(right) as number));
      task.rightChanged(0, right);
      if (++told % BATCH_ROWS === 0) work();
    }
  }
  work();
  return ITEMS;
}
