import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What every peer on the JVM is told, and how it answers: a file of rows and a line of JSON for each run. */
record Job(String bootstrap, String topic, Path folder, int runs, int rows, double weight) {
    static Job of(String[] words) {
        return new Job(words[0], words[1], Path.of(words[2]), Integer.parseInt(words[3]),
            Integer.parseInt(words[4]), Double.parseDouble(words[5]));
    }

    interface Run {
        /** All rows; what is to be closed goes to `later`, so that closing is not measured. */
        List<String> rows(int number, List<AutoCloseable> later) throws Exception;
    }

    /** The first run finds a cold JVM, the last a warm one. */
    void repeat(Run run) throws Exception {
        for (int number = 0; number < runs; number++) {
            long began = System.nanoTime();
            List<AutoCloseable> later = new ArrayList<>();
            List<String> found = run.rows(number, later);
            double seconds = (System.nanoTime() - began) / 1e9;
            Files.write(folder.resolve(number + ".csv"), found);
            for (AutoCloseable open : later) {
                open.close();
            }
            System.out.println("{\"run\": " + number + ", \"seconds\": " + seconds + "}");
        }
    }
}
