import { clickhouse, events, topology } from "../src/mod.ts";

/** Lines of text. */
export const textLines = events("words.text_lines", { text: true });

/** Each word, and how often it has come so far. */
export const wordCounts = clickhouse("word_counts", {
  key: ["word"],
  columns: { word: "String", count: "UInt64" },
});

/** An aggregate of a stream: words of lines, counted. */
export default topology("word_count", (builder) => {
  builder.stream(textLines)
    .flatMapValues((line) => line.toLowerCase().match(/\w+/g) ?? [])
    .groupBy((word) => ({ word }))
    .count("counts")
    .to(wordCounts);
});
