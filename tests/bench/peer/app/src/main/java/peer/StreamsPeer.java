package peer;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.*;

import java.time.Duration;
import java.util.Map;

/** The Kafka Streams applications over events: a count in windows, and a join of two streams. */
final class StreamsPeer {
    static final String ORDERS = "bench.orders", PAYMENTS = "bench.payments";

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Order(long id, String customer, String country, long amount) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Payment(long id, String customer, String method, long amount) {}

    /** One result of the count. */
    record Counted(String customer, long window_start, long count) {}

    /** One result of the join. */
    record Paid(String customer, long order_id, long payment_id, String country, String method, long ordered, long paid) {}

    private static final Serde<Order> ORDER = Rows.serde(Order.class);
    private static final Serde<Payment> PAYMENT = Rows.serde(Payment.class);
    private static final Serde<String> KEY = Serdes.String();

    static Topology topology(String variant, Map<String, String> o) {
        var window = Duration.ofMillis(Long.parseLong(o.get("window-ms")));
        var grace = Duration.ofMillis(Long.parseLong(o.get("grace-ms")));
        var b = new StreamsBuilder();
        var orders = b.stream(ORDERS, Consumed.with(KEY, ORDER));
        switch (variant) {
            case "count" -> orders
                .groupByKey(Grouped.with(KEY, ORDER))
                .windowedBy(TimeWindows.ofSizeAndGrace(window, grace))
                .count(Materialized.with(KEY, Serdes.Long()))
                .toStream()
                .map((w, n) -> KeyValue.pair(w.key(), new Counted(w.key(), w.window().start(), n)))
                .to(o.get("out"), Produced.with(KEY, Rows.serde(Counted.class)));
            case "join" -> orders
                .join(b.stream(PAYMENTS, Consumed.with(KEY, PAYMENT)),
                    (l, r) -> new Paid(l.customer, l.id, r.id, l.country, r.method, l.amount, r.amount),
                    JoinWindows.ofTimeDifferenceAndGrace(window, grace),
                    StreamJoined.with(KEY, ORDER, PAYMENT))
                .to(o.get("out"), Produced.with(KEY, Rows.serde(Paid.class)));
            default -> throw new IllegalArgumentException("variant: count or join, not " + variant);
        }
        return b.build();
    }

    public static void main(String[] args) {
        var o = Args.of(args);
        SalesPeer.run(topology(o.get("variant"), o), o);
    }

    private StreamsPeer() {}
}
