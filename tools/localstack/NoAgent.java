import java.lang.instrument.Instrumentation;

/**
 * LocalStack starts DynamoDB Local under a Java agent that raises its limit on indexes. Our table
 * has two indexes, so an agent without effect is enough.
 */
public final class NoAgent {
    public static void premain(String arguments, Instrumentation instrumentation) {}
}
