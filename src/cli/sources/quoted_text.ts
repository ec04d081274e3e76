/** A text as source code, with the quotes that a formatter leaves. */
export function quotedText(text: string): string {
  const double = JSON.stringify(text);
  return text.includes('"') && !text.includes("'") ? `'${double.slice(1, -1).replaceAll('\\"', '"')}'` : double;
}

/** The text that source code of one text literal stands for; null for anything else. */
export function unquotedText(code: string): string | null {
  if (/^'[^'\\\n]*'$/.test(code)) return code.slice(1, -1);
  if (!/^"(?:[^"\\\n]|\\.)*"$/.test(code)) return null;
  try {
    return JSON.parse(code);
  } catch {
    return null;
  }
}
