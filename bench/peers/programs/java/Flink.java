import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.table.functions.AggregateFunction;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** The job by Flink SQL on a mini cluster in this JVM; only the recursive mean is a function of our own. */
public final class Flink {
    private static final String TICKS = """
        CREATE TABLE ticks (
          instrument STRING, ts_us BIGINT, price DOUBLE, size DOUBLE,
          seen AS TO_TIMESTAMP_LTZ(ts_us / 1000, 3), WATERMARK FOR seen AS seen
        ) WITH (
          'connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s',
          'properties.group.id' = 'flink', 'scan.startup.mode' = 'earliest-offset',
          'scan.bounded.mode' = 'latest-offset', 'format' = 'json',
          'properties.max.poll.records' = '10000', 'properties.max.partition.fetch.bytes' = '4194304'
        )""";
    private static final String BARS = """
        SELECT instrument, start_us, o, h, l, c, v, n, EWMA(c, %s) OVER (PARTITION BY instrument ORDER BY closed)
        FROM (
          SELECT instrument, window_time AS closed, MIN(ts_us) / 60000000 * 60000000 AS start_us,
            FIRST_VALUE(price) AS o, MAX(price) AS h, MIN(price) AS l, LAST_VALUE(price) AS c, SUM(size) AS v,
            COUNT(*) AS n
          FROM TABLE(TUMBLE(TABLE ticks, DESCRIPTOR(seen), INTERVAL '1' MINUTE))
          GROUP BY instrument, window_start, window_end, window_time
        )""";

    public static void main(String[] words) throws Exception {
        Job job = Job.of(words);
        job.repeat((number, later) -> {
            StreamTableEnvironment tables = StreamTableEnvironment.create(
                StreamExecutionEnvironment.getExecutionEnvironment(settings()));
            tables.createTemporarySystemFunction("EWMA", EwmaFunction.class);
            tables.executeSql(TICKS.formatted(job.topic(), job.bootstrap()));
            List<String> found = new ArrayList<>(job.rows());
            try (CloseableIterator<Row> rows = tables.executeSql(BARS.formatted(job.weight())).collect()) {
                rows.forEachRemaining(row -> found.add(text(row)));
            }
            return found;
        });
    }

    private static Configuration settings() {
        Configuration settings = new Configuration();
        settings.setString("parallelism.default", "2");
        settings.setString("pipeline.object-reuse", "true");
        settings.setString("taskmanager.memory.network.min", "128mb");
        settings.setString("taskmanager.memory.network.max", "128mb");
        settings.setString("table.exec.mini-batch.enabled", "true");
        settings.setString("table.exec.mini-batch.allow-latency", "1 s");
        settings.setString("table.exec.mini-batch.size", "10000");
        return settings;
    }

    private static String text(Row row) {
        Double variance = (Double) row.getField(8);
        return Bar.row((String) row.getField(0), (Long) row.getField(1), (Double) row.getField(2),
            (Double) row.getField(3), (Double) row.getField(4), (Double) row.getField(5), (Double) row.getField(6),
            (Long) row.getField(7), variance == null ? Double.NaN : variance);
    }

    /** Of closes in order, with the weight of the newest. */
    public static final class EwmaFunction extends AggregateFunction<Double, Ewma> {
        @Override
        public Ewma createAccumulator() {
            return new Ewma();
        }

        public void accumulate(Ewma gathered, Double close, Double weight) {
            gathered.add(close, weight);
        }

        @Override
        public Double getValue(Ewma gathered) {
            return gathered.gathered == 0 ? null : gathered.total / gathered.gathered;
        }
    }
}
