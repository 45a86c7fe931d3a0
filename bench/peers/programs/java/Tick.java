import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;

/** One tick, read by Jackson's streaming parser: what a careful user takes where the object mapper is too slow. */
final class Tick {
    private static final JsonFactory JSON = new JsonFactory();

    String instrument;
    long tsUs;
    double price, size;

    static Tick read(byte[] raw) {
        Tick tick = new Tick();
        try (JsonParser parser = JSON.createParser(raw)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "instrument" -> tick.instrument = parser.getText();
                    case "ts_us" -> tick.tsUs = parser.getLongValue();
                    case "price" -> tick.price = parser.getDoubleValue();
                    case "size" -> tick.size = parser.getDoubleValue();
                    default -> parser.skipChildren();
                }
            }
            return tick;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
