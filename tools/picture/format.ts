const LARGE: readonly (readonly [from: number, divisor: number, suffix: string])[] = [
  [1e9, 1e9, " Bil"],
  [1e6, 1e6, " Mil"],
  [1e4, 1e3, "K"],
];

/** A number in one of the units that the dashboards use, roughly as Grafana writes it. */
export function format(value: number, unit: string, decimals?: number): string {
  switch (unit) {
    case "currencyUSD":
      return `$${short(value, decimals)}`;
    case "percentunit":
      return `${(value * 100).toFixed(decimals ?? 1)}%`;
    case "locale":
      return grouped(value);
    case "none":
      return String(value);
    default:
      return short(value, decimals);
  }
}

function short(value: number, decimals?: number): string {
  for (const [from, divisor, suffix] of LARGE) {
    if (Math.abs(value) >= from) return `${(value / divisor).toFixed(decimals ?? 1)}${suffix}`;
  }
  return decimals === undefined ? grouped(Math.round(value * 100) / 100) : value.toFixed(decimals);
}

function grouped(value: number): string {
  const [whole, fraction] = String(value).split(".");
  const text = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? text : `${text}.${fraction}`;
}
