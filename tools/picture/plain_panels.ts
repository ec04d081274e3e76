import type { Panel } from "../dashboards/model.ts";
import { format } from "./format.ts";
import { type Box, isNumber, type Rows, unitOfColumn } from "./frame.ts";
import { element, fitting, text } from "./svg.ts";
import { BORDER, colorAt, FAINT, NAMED, TEXT } from "./theme.ts";

/** One large number for each column of the first row. */
export function numbers(panel: Panel, [row]: Rows, box: Box): string {
  const entries = Object.entries(row);
  const width = box.width / entries.length;
  return entries.map(([column, value], index) => {
    const { unit, decimals } = unitOfColumn(panel, column);
    const x = box.x + width * (index + 0.5);
    return text(column, { x, y: box.y + box.height * 0.3, "text-anchor": "middle", "font-size": 12, fill: FAINT }) +
      text(format(Number(value), unit, decimals), {
        x,
        y: box.y + box.height * 0.74,
        "text-anchor": "middle",
        "font-size": 30,
        "font-weight": 600,
        fill: panel.options.colorMode === "none" ? TEXT : thresholdColor(panel, Number(value)),
      });
  }).join("");
}

function thresholdColor(panel: Panel, value: number): string {
  const passed = (panel.fieldConfig.defaults.thresholds?.steps ?? []).filter((step) =>
    step.value === null || value >= step.value
  );
  const color = passed.at(-1)?.color ?? "green";
  return NAMED[color] ?? color;
}

/** Columns and rows, as many as fit. */
export function table(panel: Panel, rows: Rows, box: Box): string {
  const columns = Object.keys(rows[0]);
  const lengths = columns.map((column) =>
    Math.min(30, Math.max(column.length, ...rows.map((row) => cell(panel, column, row[column]).length)))
  );
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const widths = lengths.map((length) => (length / total) * (box.width - 24));
  const height = 22;
  const shown = rows.slice(0, Math.floor((box.height - height - 4) / height));
  const parts: string[] = [];
  let x = box.x + 12;
  for (const [index, column] of columns.entries()) {
    const right = rows.every((row) => isNumber(row[column]));
    const place = { x: right ? x + widths[index] - 14 : x, "text-anchor": right ? "end" : "start", "font-size": 12 };
    parts.push(
      text(fitting(column, { width: widths[index], size: 12 }), {
        ...place,
        y: box.y + 15,
        fill: "#6e9fff",
        "font-weight": 600,
      }),
    );
    for (const [line, row] of shown.entries()) {
      const content = fitting(cell(panel, column, row[column]), { width: widths[index] - 8, size: 12 });
      parts.push(text(content, { ...place, y: box.y + 15 + height * (line + 1), fill: TEXT }));
    }
    x += widths[index];
  }
  for (let line = 0; line < shown.length; line++) {
    const y = box.y + 21 + height * line;
    parts.push(element("line", { x1: box.x + 8, x2: box.x + box.width - 8, y1: y, y2: y, stroke: BORDER }));
  }
  return parts.join("");
}

function cell(panel: Panel, column: string, value: unknown): string {
  if (!isNumber(value)) return String(value).replace(/\.\d{6}$/, "");
  const { unit, decimals } = unitOfColumn(panel, column);
  return format(Number(value), unit, decimals);
}

/** One bar for each row: the first column names it, the second is its length. */
export function bars(panel: Panel, rows: Rows, box: Box): string {
  const [name, value] = Object.keys(rows[0]);
  const { unit } = unitOfColumn(panel, value);
  const greatest = Math.max(...rows.map((row) => Number(row[value])));
  const height = Math.min(26, (box.height - 12) / rows.length);
  const label = 84;
  const longest = box.width - label - 90;
  return rows.map((row, index) => {
    const y = box.y + 8 + index * height;
    const width = greatest === 0 ? 0 : (Number(row[value]) / greatest) * longest;
    return text(fitting(String(row[name]), { width: label - 12, size: 12 }), {
      x: box.x + 12,
      y: y + height * 0.66,
      "font-size": 12,
      fill: TEXT,
    }) +
      element("rect", {
        x: box.x + label,
        y: (y + height * 0.12).toFixed(1),
        width: Math.max(1, width).toFixed(1),
        height: (height * 0.74).toFixed(1),
        rx: 2,
        fill: colorAt(index),
        opacity: 0.85,
      }) +
      text(format(Number(row[value]), unit), {
        x: box.x + label + width + 8,
        y: y + height * 0.66,
        "font-size": 12,
        fill: colorAt(index),
      });
  }).join("");
}

/** A ring with one slice for each row, and a table of the values. */
export function slices(panel: Panel, rows: Rows, box: Box): string {
  const [name, value] = Object.keys(rows[0]);
  const { unit } = unitOfColumn(panel, value);
  const total = rows.reduce((sum, row) => sum + Number(row[value]), 0);
  const radius = Math.min(box.height / 2 - 12, box.width * 0.24);
  const [cx, cy] = [box.x + radius + 20, box.y + box.height / 2];
  const around = 2 * Math.PI * radius * 0.8;
  let begin = 0;
  return rows.map((row, index) => {
    const share = total === 0 ? 0 : Number(row[value]) / total;
    const ring = element("circle", {
      cx,
      cy,
      r: (radius * 0.8).toFixed(1),
      fill: "none",
      stroke: colorAt(index),
      "stroke-width": (radius * 0.4).toFixed(1),
      "stroke-dasharray": `${(share * around).toFixed(2)} ${around.toFixed(2)}`,
      "stroke-dashoffset": (-begin * around).toFixed(2),
      transform: `rotate(-90 ${cx} ${cy})`,
    });
    begin += share;
    const y = box.y + 22 + index * 21;
    const x = box.x + 2 * radius + 44;
    const right = box.x + box.width - 14;
    return ring + element("rect", { x, y: y - 9, width: 10, height: 10, rx: 2, fill: colorAt(index) }) +
      text(fitting(String(row[name]), { width: right - x - 90, size: 12 }), {
        x: x + 16,
        y,
        "font-size": 12,
        fill: TEXT,
      }) +
      text(format(Number(row[value]), unit), { x: right, y, "font-size": 12, "text-anchor": "end", fill: FAINT });
  }).join("");
}
