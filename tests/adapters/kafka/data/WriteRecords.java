import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Wrote the *.batches files beside it, which are what a Fetch request then gave back: kafka-clients 3.9.2 and a broker
 * 3.9.2, topics of one partition with retention.ms=-1, "java-<codec>" with the broker's compression.type=producer and
 * "broker-lz4" with compression.type=lz4. Arguments: bootstrap server, topic, codec of the producer.
 */
public class WriteRecords {
  public static void main(String[] arguments) {
    Map<String, Object> configuration = Map.of(
        "bootstrap.servers", arguments[0], "compression.type", arguments[2],
        "linger.ms", 5000, "batch.size", 1000000, "max.request.size", 2000000);
    ByteArraySerializer bytes = new ByteArraySerializer();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(configuration, bytes, bytes)) {
      for (int index = 0; index < 300; index++) {
        String key = "{\"id\":" + index + "}";
        String value = "{\"before\":null,\"after\":{\"id\":" + index + ",\"name\":\"M\u00fcller \ud83d\ude00\",\"check\":\""
            + String.format("%08x", (index * 2654435761L) & 0xffffffffL) + "\",\"text\":\""
            + "the same words again ".repeat(1 + index % 40) + "\"},\"op\":\"c\"}";
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(arguments[1], 0, 1700000000000L + index,
            key.getBytes(StandardCharsets.UTF_8), index % 50 == 49 ? null : value.getBytes(StandardCharsets.UTF_8));
        record.headers().add("__debezium.context.taskId", "0".getBytes(StandardCharsets.UTF_8));
        producer.send(record);
      }
    }
  }
}
