import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;
import java.nio.ByteBuffer;

/** The job by Kafka Streams: `dsl` (windows, aggregate, suppress) or `processor` (by hand, over a plain map). */
public final class Streams {
    private static final Serde<Tick> TICKS = Serdes.serdeFrom(
        (Serializer<Tick>) (topic, tick) -> { throw new UnsupportedOperationException(); },
        (Deserializer<Tick>) (topic, raw) -> Tick.read(raw));
    private static final Serde<Bar> BARS = Serdes.serdeFrom(Streams::packed, Streams::unpacked);

    public static void main(String[] words) throws Exception {
        Job job = Job.of(List.of(words).subList(1, words.length).toArray(String[]::new));
        boolean dsl = words[0].equals("dsl");
        job.repeat((number, later) -> {
            BlockingQueue<String> said = new LinkedBlockingQueue<>();
            StreamsBuilder builder = new StreamsBuilder();
            KStream<String, Tick> ticks = builder.stream(job.topic(), Consumed.with(Serdes.String(), TICKS)
                .withTimestampExtractor((record, before) -> ((Tick) record.value()).tsUs / 1000));
            if (dsl) {
                windows(ticks, job, said);
            } else {
                ticks.process(() -> new ByHand(job.weight(), said));
            }
            KafkaStreams streams = new KafkaStreams(builder.build(), settings(job, words[0] + number));
            later.add(streams);
            streams.start();
            return taken(said, job.rows());
        });
    }

    private static List<String> taken(BlockingQueue<String> said, int rows) throws InterruptedException {
        List<String> found = new ArrayList<>(rows);
        while (found.size() < rows) {
            String row = said.poll(30, TimeUnit.SECONDS);
            if (row == null) {
                throw new IllegalStateException(found.size() + " rows of " + rows);
            }
            found.add(row);
        }
        return found;
    }

    private static void windows(KStream<String, Tick> ticks, Job job, BlockingQueue<String> said) {
        ticks.groupByKey(Grouped.with(Serdes.String(), TICKS))
            .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
            // uncached: what a cache holds back comes to suppress too late, and is lost there
            .aggregate(() -> new Bar(0), (key, tick, bar) -> bar.add(tick),
                Materialized.<String, Bar>as(Stores.inMemoryWindowStore(
                        "bars", Duration.ofMinutes(5), Duration.ofMinutes(1), false))
                    .withKeySerde(Serdes.String()).withValueSerde(BARS).withCachingDisabled().withLoggingDisabled())
            .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded().withLoggingDisabled()))
            .toStream()
            .process(() -> new Volatility(job.weight(), said));
    }

    private static Properties settings(Job job, String run) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + run);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, job.bootstrap());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, job.folder().toString());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 30_000);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 20_000);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
        settings.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 100_000);
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 50);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 4 << 20);
        settings.put(ConsumerConfig.RECEIVE_BUFFER_CONFIG, 4 << 20);
        return settings;
    }

    private static byte[] packed(String topic, Bar bar) {
        return bar == null ? null : ByteBuffer.allocate(48).putDouble(bar.open).putDouble(bar.high).putDouble(bar.low)
            .putDouble(bar.close).putDouble(bar.volume).putLong(bar.count).array();
    }

    private static Bar unpacked(String topic, byte[] raw) {
        if (raw == null) {
            return null;
        }
        ByteBuffer from = ByteBuffer.wrap(raw);
        Bar bar = new Bar(0);
        bar.open = from.getDouble();
        bar.high = from.getDouble();
        bar.low = from.getDouble();
        bar.close = from.getDouble();
        bar.volume = from.getDouble();
        bar.count = from.getLong();
        return bar;
    }

    /** After the windows of the DSL. */
    private record Volatility(double weight, BlockingQueue<String> said, Map<String, Ewma> by)
        implements Processor<Windowed<String>, Bar, Void, Void> {
        Volatility(double weight, BlockingQueue<String> said) {
            this(weight, said, new HashMap<>());
        }

        @Override
        public void process(Record<Windowed<String>, Bar> record) {
            String instrument = record.key().key();
            Bar bar = record.value();
            double variance = by.computeIfAbsent(instrument, name -> new Ewma()).add(bar.close, weight);
            said.add(Bar.row(instrument, record.key().window().start() * 1000, bar.open, bar.high, bar.low, bar.close,
                bar.volume, bar.count, variance));
        }
    }

    /** Bars and volatilities by hand; an instrument's next minute closes the one before. */
    private record ByHand(double weight, BlockingQueue<String> said, Map<String, Bar> bars, Map<String, Ewma> by)
        implements Processor<String, Tick, Void, Void> {
        ByHand(double weight, BlockingQueue<String> said) {
            this(weight, said, new HashMap<>(), new HashMap<>());
        }

        @Override
        public void process(Record<String, Tick> record) {
            Tick tick = record.value();
            Bar bar = bars.get(tick.instrument);
            if (bar == null || tick.tsUs >= bar.startUs + Bar.MINUTE_US) {
                if (bar != null) {
                    double variance = by.computeIfAbsent(tick.instrument, name -> new Ewma()).add(bar.close, weight);
                    said.add(bar.row(tick.instrument, variance));
                }
                bar = new Bar(Bar.minute(tick.tsUs));
                bars.put(tick.instrument, bar);
            }
            bar.add(tick);
        }
    }
}
