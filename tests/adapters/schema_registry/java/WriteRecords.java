import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import io.apicurio.registry.utils.converter.AvroConverter;

/** Lines {topic, key, value} of JSON with schemas, as captured of the connector, written by AvroConverter in base64. */
public class WriteRecords {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (String file : Arrays.copyOfRange(args, 1, args.length)) {
      JsonConverter keyReader = new JsonConverter(), valueReader = new JsonConverter();
      keyReader.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), true);
      valueReader.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
      Map<String, Object> settings = new HashMap<>();
      settings.put("apicurio.registry.url", args[0]);
      settings.put("apicurio.registry.auto-register", "true");
      settings.put("apicurio.registry.as-confluent", "true");
      settings.put("apicurio.registry.use-id", "contentId");
      settings.put("apicurio.registry.find-latest", "false");
      AvroConverter<?> keys = new AvroConverter<>(), values = new AvroConverter<>();
      keys.configure(settings, true);
      values.configure(settings, false);
      for (String line : Files.readAllLines(Path.of(file))) {
        JsonNode captured = json.readTree(line);
        String topic = captured.get("topic").asText();
        ObjectNode written = json.createObjectNode();
        written.put("topic", topic);
        written.put("key", base64(topic, captured.get("key"), keyReader, keys));
        written.put("value", base64(topic, captured.get("value"), valueReader, values));
        System.out.println(json.writeValueAsString(written));
      }
    }
    System.exit(0);
  }

  static String base64(String topic, JsonNode text, JsonConverter reader, AvroConverter<?> writer) {
    if (text == null || text.isNull()) return null;
    SchemaAndValue read = reader.toConnectData(topic, text.asText().getBytes(StandardCharsets.UTF_8));
    byte[] bytes = writer.fromConnectData(topic, read.schema(), read.value());
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
