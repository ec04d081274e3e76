import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.*;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.FileDescriptor;
import io.apicurio.registry.serde.jsonschema.JsonSchemaKafkaSerializer;
import io.apicurio.registry.serde.protobuf.ProtobufKafkaSerializer;
import java.math.BigDecimal;
import java.util.*;
import org.apache.kafka.common.serialization.Serializer;

/** Records of a service that uses Apicurio's serializers, in base64: {topic, key, value, said}; said: what was written. */
public class WriteEvents {
  static final ObjectMapper JSON = new ObjectMapper();

  public static class Key {
    public long id;
  }

  public static class Order {
    public long id;
    public String note;
    public BigDecimal total;
    public double rate;
    public float weight;
    public boolean paid;
    public List<String> tags;
    public Map<String, Integer> counts;
    public String at;
  }

  static final String PROTO = """
      name: "order.proto" package: "shop" syntax: "proto3"
      dependency: "google/protobuf/timestamp.proto" dependency: "google/protobuf/wrappers.proto"
      message_type { name: "Other" field { name: "x" number: 1 type: TYPE_INT32 } }
      message_type { name: "Order"
        field { name: "id" number: 1 type: TYPE_INT64 }
        field { name: "note" number: 2 type: TYPE_STRING proto3_optional: true oneof_index: 0 }
        field { name: "big" number: 3 type: TYPE_UINT64 }
        field { name: "signed" number: 4 type: TYPE_SINT64 }
        field { name: "fixed" number: 5 type: TYPE_SFIXED32 }
        field { name: "rate" number: 6 type: TYPE_DOUBLE }
        field { name: "weight" number: 7 type: TYPE_FLOAT }
        field { name: "paid" number: 8 type: TYPE_BOOL }
        field { name: "raw" number: 9 type: TYPE_BYTES }
        field { name: "tags" number: 10 type: TYPE_STRING label: LABEL_REPEATED }
        field { name: "kind" number: 11 type: TYPE_ENUM type_name: ".shop.Order.Kind" }
        field { name: "at" number: 12 type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
        field { name: "count" number: 13 type: TYPE_MESSAGE type_name: ".google.protobuf.Int32Value" }
        field { name: "place" number: 14 type: TYPE_MESSAGE type_name: ".shop.Order.Place" }
        oneof_decl { name: "_note" }
        enum_type { name: "Kind" value { name: "NEW" number: 0 } value { name: "PAID" number: 1 } }
        nested_type { name: "Place" field { name: "city" number: 1 type: TYPE_STRING } } }
      """;
  static final String[] MESSAGES = {
    "id: 9007199254740993 note: 'Grüße 😀' big: 18446744073709551615 signed: -9223372036854775808 fixed: -1 rate: 0.1 "
        + "weight: 0.1 paid: true raw: '\\000\\377' tags: 'a' tags: '' kind: PAID "
        + "at { seconds: 1704067200 nanos: 123456000 } count { value: 7 } place { city: 'Bonn' }",
    "id: 1",
    "id: 0 note: '' count { }",
  };

  public static void main(String[] args) throws Exception {
    Map<String, Object> settings = new HashMap<>();
    settings.put("apicurio.registry.url", args[0]);
    settings.put("apicurio.registry.auto-register", "true");
    settings.put("apicurio.registry.as-confluent", "true");
    settings.put("apicurio.registry.use-id", "contentId");
    settings.put("apicurio.registry.headers.enabled", "false");
    settings.put("apicurio.registry.find-latest", "false");
    settings.put("apicurio.registry.serde.validation-enabled", "false");
    writeJson(settings);
    writeProtobuf(settings);
    System.exit(0);
  }

  static void writeJson(Map<String, Object> settings) throws Exception {
    Serializer<Object> keys = new JsonSchemaKafkaSerializer<>(), values = new JsonSchemaKafkaSerializer<>();
    keys.configure(with(settings, "key.json"), true);
    values.configure(with(settings, "order.json"), false);
    Key key = new Key();
    key.id = 9007199254740993L;
    Order full = new Order();
    full.id = key.id;
    full.note = "Grüße 😀";
    full.total = new BigDecimal("1.50");
    full.rate = 0.1;
    full.weight = 0.1f;
    full.paid = true;
    full.tags = List.of("a", "");
    full.counts = Map.of("x", 1);
    full.at = "2024-01-01T00:00:00.123456Z";
    Order empty = new Order();
    empty.id = key.id;
    empty.total = new BigDecimal("12345678901234567890123456789012345678");
    for (Order order : List.of(full, empty)) {
      String said = JSON.writeValueAsString(order);
      print("shop.orders", keys.serialize("shop.orders", key), values.serialize("shop.orders", order), said);
    }
  }

  static Map<String, Object> with(Map<String, Object> settings, String schema) {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("apicurio.registry.artifact.schema.location", schema);
    return all;
  }

  static void writeProtobuf(Map<String, Object> settings) throws Exception {
    Serializer<Message> values = new ProtobufKafkaSerializer<>();
    values.configure(settings, false);
    FileDescriptorProto.Builder file = FileDescriptorProto.newBuilder();
    TextFormat.merge(PROTO, file);
    FileDescriptor[] known = {TimestampProto.getDescriptor(), WrappersProto.getDescriptor()};
    FileDescriptor descriptor = FileDescriptor.buildFrom(file.build(), known);
    for (String text : MESSAGES) {
      DynamicMessage.Builder message = DynamicMessage.newBuilder(descriptor.findMessageTypeByName("Order"));
      TextFormat.merge(text, message);
      print("shop.messages", null, values.serialize("shop.messages", message.build()), text);
    }
    DynamicMessage.Builder other = DynamicMessage.newBuilder(descriptor.findMessageTypeByName("Other"));
    TextFormat.merge("x: 5", other);
    print("shop.messages", null, values.serialize("shop.messages", other.build()), "x: 5");
  }

  static void print(String topic, byte[] key, byte[] value, String said) throws Exception {
    ObjectNode record = JSON.createObjectNode();
    record.put("topic", topic);
    record.put("key", key == null ? null : Base64.getEncoder().encodeToString(key));
    record.put("value", Base64.getEncoder().encodeToString(value));
    record.put("said", said);
    System.out.println(JSON.writeValueAsString(record));
  }
}
