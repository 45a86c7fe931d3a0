import java.util.Locale;

/** One bar of one minute, growing tick by tick. */
final class Bar {
    static final long MINUTE_US = 60_000_000L;

    final long startUs;
    double open, high, low, close, volume;
    long count;

    Bar(long startUs) {
        this.startUs = startUs;
    }

    static long minute(long tsUs) {
        return tsUs - Math.floorMod(tsUs, MINUTE_US);
    }

    Bar add(Tick tick) {
        if (count++ == 0) {
            open = high = low = tick.price;
        }
        high = Math.max(high, tick.price);
        low = Math.min(low, tick.price);
        close = tick.price;
        volume += tick.size;
        return this;
    }

    String row(String instrument, double variance) {
        return row(instrument, startUs, open, high, low, close, volume, count, variance);
    }

    static String row(String instrument, long startUs, double open, double high, double low, double close,
                      double volume, long count, double variance) {
        return String.format(Locale.ROOT, "%s,%d,%s,%s,%s,%s,%s,%d,%s",
            instrument, startUs, open, high, low, close, volume, count, variance);
    }
}
