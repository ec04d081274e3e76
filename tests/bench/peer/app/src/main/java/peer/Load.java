package peer;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.nio.charset.StandardCharsets;
import java.util.*;

/** Writes the seeded data set. Record timestamps are those of the seed, so a load is reproducible byte for byte. */
final class Load {
    static final List<String> TABLES = List.of("users", "sellers", "products", "orders", "order_items");
    static final long BASE = 1_735_689_600_000L; // 2025-01-01T00:00:00Z
    static final int PARTITIONS = 6;

    static KafkaProducer<byte[], byte[]> producer(String brokers, int linger) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", brokers, "acks", "all", "linger.ms", linger,
            "batch.size", 262_144, "buffer.memory", 67_108_864L), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static byte[] key(long id) { return ("{\"id\":" + id + "}").getBytes(StandardCharsets.US_ASCII); }

    /** Topics that keep every record: compacted ones would give the two that are compared different work. */
    private static void create(Admin admin) throws Exception {
        var topics = TABLES.stream().map(t -> new NewTopic(SalesPeer.PREFIX + t, PARTITIONS, (short) 1)
            .configs(Map.of("cleanup.policy", "delete", "retention.ms", "-1"))).toList();
        admin.createTopics(topics).all().get();
        awaitLeaders(admin, topics.stream().map(NewTopic::name).toList());
    }

    /** A write before the broker has taken up leadership can send an idempotent producer into a long retry loop. */
    private static void awaitLeaders(Admin admin, Collection<String> topics) throws Exception {
        Map<TopicPartition, OffsetSpec> ask = new HashMap<>();
        for (String t : topics) for (int p = 0; p < PARTITIONS; p++) ask.put(new TopicPartition(t, p), OffsetSpec.latest());
        for (int tries = 0; ; tries++) {
            try { admin.listOffsets(ask).all().get(); return; }
            catch (java.util.concurrent.ExecutionException e) { if (tries > 40) throw e; Thread.sleep(250); }
        }
    }

    public static void main(String[] args) throws Exception {
        var o = Args.of(args);
        String brokers = o.getOrDefault("brokers", "127.0.0.1:19092");
        int orders = Integer.parseInt(o.getOrDefault("orders", "200000"));
        int updates = Integer.parseInt(o.getOrDefault("updates", "100000"));
        try (var admin = Admin.create(Map.of("bootstrap.servers", brokers))) {
            create(admin);
        }
        long t0 = System.currentTimeMillis();
        long[] n = {0, 0};
        try (var producer = producer(brokers, 50)) {
            var gen = generator(o, (table, id, value, ts) -> {
                n[0]++;
                n[1] += value == null ? 0 : value.length;
                producer.send(new ProducerRecord<>(SalesPeer.PREFIX + table, null, ts, key(id), value));
            });
            gen.dimensions(BASE);
            for (int i = 0; i < orders; i++) gen.newOrder(BASE + n[0]);
            for (int i = 0; i < updates; i++) gen.change(BASE + n[0], false);
            producer.flush();
            System.out.printf(Locale.ROOT, "loaded %d records, %d orders, %d items, mean value %d bytes, %.1f s%n",
                n[0], gen.orders, gen.items, n[1] / n[0], (System.currentTimeMillis() - t0) / 1e3);
        }
    }

    /** The generator with the sizes of the options; the same sizes reproduce the ids in later phases. */
    static Gen generator(Map<String, String> o, Gen.Sink sink) {
        return new Gen(Long.parseLong(o.getOrDefault("seed", "42")), Integer.parseInt(o.getOrDefault("users", "50000")),
            Integer.parseInt(o.getOrDefault("sellers", "500")), Integer.parseInt(o.getOrDefault("products", "20000")), sink);
    }

    private Load() {}
}
