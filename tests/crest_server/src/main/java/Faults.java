import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.servlet.http.HttpServletRequest;

import org.forgerock.http.Filter;
import org.forgerock.http.Handler;
import org.forgerock.http.protocol.Request;
import org.forgerock.http.protocol.Response;
import org.forgerock.http.protocol.Status;
import org.forgerock.services.context.AttributesContext;
import org.forgerock.services.context.Context;
import org.forgerock.util.promise.NeverThrowsException;
import org.forgerock.util.promise.Promise;
import org.forgerock.util.promise.Promises;

/**
 * What goes wrong with a request is named by its header X-Fault: parts "name=value" behind semicolons.
 *
 * <ul>
 * <li>status=503: answer with that status, and no body; retry-after=1: with that header.
 * <li>drop: close the connection without an answer.
 * <li>truncate: close it in the middle of the answer's body.
 * <li>etag="9": answer with that ETag.
 * <li>delay=0.5: wait so many seconds before all this.
 * <li>when=after: carry the request out first, for status and drop; the default is before.
 * <li>times=2; key=a: only the first two requests with that key, so that a repeated request can carry the same header.
 * </ul>
 */
final class Faults implements Filter {
    private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();

    @Override
    public Promise<Response, NeverThrowsException> filter(
            final Context context, final Request request, final Handler next) {
        final String header = request.getHeaders().getFirst("X-Fault");
        request.getHeaders().remove("X-Fault");
        final Map<String, String> fault = header == null ? Map.of() : parts(header);
        if (fault.isEmpty() || isOver(fault)) {
            return next.handle(context, request);
        }
        pause(fault);
        final boolean breaks = fault.containsKey("status") || fault.containsKey("drop");
        if (breaks && !"after".equals(fault.get("when"))) {
            return Promises.newResultPromise(broken(context, fault));
        }
        final Response response = next.handle(context, request).getOrThrowUninterruptibly();
        return Promises.newResultPromise(breaks ? broken(context, fault) : changed(response, fault));
    }

    private boolean isOver(final Map<String, String> fault) {
        if (!fault.containsKey("times")) {
            return false;
        }
        final AtomicInteger count = counts.computeIfAbsent(
                fault.getOrDefault("key", ""), key -> new AtomicInteger());
        return count.incrementAndGet() > Integer.parseInt(fault.get("times"));
    }

    private static Response broken(final Context context, final Map<String, String> fault) {
        if (fault.containsKey("drop")) {
            final HttpServletRequest asked = (HttpServletRequest) context.asContext(AttributesContext.class)
                    .getAttributes().get(HttpServletRequest.class.getName());
            org.eclipse.jetty.server.Request.getBaseRequest(asked).getHttpChannel()
                    .abort(new IOException("a fault that was asked for"));
            return new Response(Status.INTERNAL_SERVER_ERROR);
        }
        final Response response = new Response(Status.valueOf(Integer.parseInt(fault.get("status"))));
        if (fault.containsKey("retry-after")) {
            response.getHeaders().put("Retry-After", fault.get("retry-after"));
        }
        return response;
    }

    private static Response changed(final Response response, final Map<String, String> fault) {
        if (fault.containsKey("etag")) {
            response.getHeaders().put("ETag", fault.get("etag"));
        }
        if (fault.containsKey("truncate")) {
            try {
                final byte[] body = response.getEntity().getBytes();
                response.setEntity(java.util.Arrays.copyOf(body, body.length / 2));
                // Jetty closes the connection under an answer that is shorter than announced.
                response.getHeaders().put("Content-Length", String.valueOf(body.length));
            } catch (final IOException failure) {
                throw new IllegalStateException(failure);
            }
        }
        return response;
    }

    private static void pause(final Map<String, String> fault) {
        try {
            Thread.sleep((long) (1000 * Double.parseDouble(fault.getOrDefault("delay", "0"))));
        } catch (final InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }

    private static Map<String, String> parts(final String header) {
        final Map<String, String> parts = new HashMap<>();
        for (final String part : header.split(";")) {
            final int equals = part.indexOf('=');
            parts.put((equals < 0 ? part : part.substring(0, equals)).trim(),
                    equals < 0 ? "" : part.substring(equals + 1).trim());
        }
        return parts;
    }
}
