/** Exponentially weighted mean of squared log returns from close to close, free of the bias of its start. */
public final class Ewma {
    public double close = Double.NaN, total, gathered;

    /** The variance after one more close; NaN before there is a return. */
    public double add(double next, double weight) {
        if (!Double.isNaN(close)) {
            double move = Math.log(next / close);
            total += weight * (move * move - total);
            gathered += weight * (1 - gathered);
        }
        close = next;
        return gathered == 0 ? Double.NaN : total / gathered;
    }
}
