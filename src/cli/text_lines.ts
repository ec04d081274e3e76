/**
 * The lines of a text in UTF-8 as its bytes come, without their ends; also a last one that has none. In portions, as
 * waiting for each of millions takes longer than what is done with it.
 */
export async function* textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield [rest];
}
