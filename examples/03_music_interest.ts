import { z } from "zod";
import { clickhouse, debezium, int8, numeric, topology } from "../src/mod.ts";

/** Albums on sale. */
export const albums = debezium("music.public.albums", {
  key: ["id"],
  row: z.object({ id: int8(), title: z.string(), artist: z.string(), genre: z.string() }),
});

/** Tracks that people have bought; each belongs to one album. */
export const trackPurchases = debezium("music.public.track_purchases", {
  key: ["id"],
  row: z.object({ id: int8(), album_id: int8(), song: z.string(), price: numeric(6, 2) }),
});

/** What people listen to: a row for each purchase whose album is known. */
export const musicInterest = clickhouse("music_interest", {
  key: ["id"],
  columns: { id: "Int64", song: "String", artist: "String", genre: "String", price: "Decimal(6, 2)" },
});

/** A foreign-key join as Kafka Streams' users know it: purchases of tracks with their albums. */
export default topology("music_interest", (builder) => {
  builder.table(trackPurchases)
    .join("album", builder.table(albums), (purchase) => purchase.album_id)
    .mapValues(({ id, song, price, album }) => ({ id, song, artist: album.artist, genre: album.genre, price }))
    .to(musicInterest);
});
