export { ObjectRows as PackedRows } from "./object_rows.ts";
