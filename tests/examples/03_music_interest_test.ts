import { assertEquals } from "@std/assert";
import { Decimal } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import topology, { albums, musicInterest, trackPurchases } from "../../examples/03_music_interest.ts";

const price = Decimal.parse("0.99");

Deno.test("music_interest shows purchases whose album is known, and follows both sides", async () => {
  await using driver = createTopologyTestDriver(topology);
  const shown = async () => {
    await driver.settle();
    return driver.select(musicInterest).map(({ id, song, artist, genre }) => [id, song, artist, genre]);
  };
  driver.insert(trackPurchases, { id: 100, album_id: 5, song: "Houses of the Holy", price });
  driver.insert(trackPurchases, { id: 101, album_id: 6, song: "King of Rock", price });
  assertEquals(await shown(), []);
  driver.insert(albums, { id: 5, title: "Physical Graffiti", artist: "Led Zeppelin", genre: "Rock" });
  driver.insert(albums, { id: 6, title: "King of Rock", artist: "Run-DMC", genre: "Rock" });
  assertEquals(await shown(), [
    [100, "Houses of the Holy", "Led Zeppelin", "Rock"],
    [101, "King of Rock", "Run-DMC", "Rock"],
  ]);
  driver.update(albums, { id: 6, genre: "Hip hop" });
  driver.update(trackPurchases, { id: 100, album_id: 7 });
  assertEquals(await shown(), [[101, "King of Rock", "Run-DMC", "Hip hop"]]);
  driver.delete(albums, 6);
  assertEquals(await shown(), []);
});
