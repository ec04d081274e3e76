/** An SVG element's attributes. */
export type Attributes = Readonly<Record<string, string | number>>;

/** One element with its content, which is SVG already. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`).join("");
  return content === "" ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/** A line of text; `x` and `y` are its anchor on the base line. */
export function text(content: string, attributes: Attributes): string {
  return element("text", attributes, escaped(content));
}

/** Text that fits `width` pixels, cut with an ellipsis otherwise. */
export function fitting(content: string, { width, size }: { readonly width: number; readonly size: number }): string {
  const most = Math.max(1, Math.floor(width / (size * 0.56)));
  return content.length <= most ? content : `${content.slice(0, most - 1)}…`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
