import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.forgerock.http.Handler;
import org.forgerock.http.protocol.Request;
import org.forgerock.http.protocol.Response;
import org.forgerock.http.protocol.Status;
import org.forgerock.json.JsonValue;
import org.forgerock.json.resource.Connection;
import org.forgerock.json.resource.PatchOperation;
import org.forgerock.json.resource.QueryFilters;
import org.forgerock.json.resource.QueryRequest;
import org.forgerock.json.resource.QueryResponse;
import org.forgerock.json.resource.Requests;
import org.forgerock.json.resource.ResourceException;
import org.forgerock.json.resource.ResourceResponse;
import org.forgerock.json.resource.Resources;
import org.forgerock.json.resource.http.CrestHttp;
import org.forgerock.services.context.Context;
import org.forgerock.services.context.RootContext;
import org.forgerock.util.promise.NeverThrowsException;
import org.forgerock.util.promise.Promise;
import org.forgerock.util.promise.Promises;

/** CREST's own client: does what stands on standard input, a JSON object a line, and prints what came of each. */
public final class CrestClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Context NOBODY = new RootContext();

    private CrestClient() {
    }

    /** Speaks to the server at the first argument, which ends in a slash. */
    public static void main(final String[] arguments) throws Exception {
        final Connection server = Resources.newInternalConnection(
                CrestHttp.newRequestHandler(new Wire(), URI.create(arguments[0])));
        final BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(JSON.writeValueAsString(told(server, new JsonValue(JSON.readValue(line, Map.class)))));
        }
    }

    private static Object told(final Connection server, final JsonValue asked) {
        try {
            return done(server, asked);
        } catch (final ResourceException no) {
            return Map.of("code", no.getCode());
        }
    }

    private static Object done(final Connection server, final JsonValue asked) throws ResourceException {
        final String place = asked.get("place").asString();
        final String path = asked.isDefined("id") ? place + "/" + asked.get("id").asString() : place;
        final String revision = asked.get("revision").asString();
        final JsonValue content = asked.get("content");
        return switch (asked.get("do").asString()) {
            case "create" -> shown(server.create(NOBODY,
                    Requests.newCreateRequest(place, asked.get("id").asString(), content)));
            case "read" -> shown(server.read(NOBODY, Requests.newReadRequest(path)));
            case "update" -> shown(server.update(NOBODY,
                    Requests.newUpdateRequest(path, content).setRevision(revision)));
            case "delete" -> shown(server.delete(NOBODY, Requests.newDeleteRequest(path).setRevision(revision)));
            case "patch" -> shown(server.patch(NOBODY, Requests.newPatchRequest(path,
                    PatchOperation.valueOfList(content).toArray(new PatchOperation[0])).setRevision(revision)));
            case "action" -> server.action(NOBODY,
                    Requests.newActionRequest(path, asked.get("action").asString())).getJsonContent().getObject();
            case "query" -> rows(server, Requests.newQueryRequest(place)
                    .setQueryFilter(QueryFilters.parse(asked.get("filter").asString()))
                    .setPageSize(asked.get("size").defaultTo(0).asInteger())
                    .setPagedResultsCookie(asked.get("cookie").asString()));
            default -> throw new IllegalArgumentException(asked.toString());
        };
    }

    private static Map<String, Object> rows(final Connection server, final QueryRequest asked)
            throws ResourceException {
        final List<ResourceResponse> found = new ArrayList<>();
        final QueryResponse end = server.query(NOBODY, asked, found);
        final Map<String, Object> told = new LinkedHashMap<>();
        told.put("rows", found.stream().map(CrestClient::shown).toList());
        told.put("cookie", end.getPagedResultsCookie());
        told.put("remaining", end.getRemainingPagedResults());
        return told;
    }

    private static Map<String, Object> shown(final ResourceResponse resource) {
        final Map<String, Object> told = new LinkedHashMap<>();
        told.put("id", resource.getId());
        told.put("revision", resource.getRevision());
        told.put("content", resource.getContent().getObject());
        return told;
    }

    /** Carries its requests; what they are and what the answers mean is CREST's code alone. */
    private static final class Wire implements Handler {
        private static final Set<String> OF_THE_CONNECTION = Set.of("content-length", "host", "connection");
        private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

        @Override
        public Promise<Response, NeverThrowsException> handle(final Context context, final Request asked) {
            try {
                final byte[] body = asked.getEntity().getBytes();
                final HttpRequest.Builder sent = HttpRequest.newBuilder(asked.getUri().asURI()).method(
                        asked.getMethod(), body.length == 0
                                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
                asked.getHeaders().copyAsMultiMapOfStrings().forEach((name, values) -> {
                    if (!OF_THE_CONNECTION.contains(name.toLowerCase())) {
                        values.forEach(value -> sent.header(name, value));
                    }
                });
                final HttpResponse<byte[]> heard = client.send(sent.build(), HttpResponse.BodyHandlers.ofByteArray());
                final Response answer = new Response(Status.valueOf(heard.statusCode()));
                heard.headers().map().forEach((name, values) -> answer.getHeaders().add(name, values));
                answer.getEntity().setBytes(heard.body());
                return Promises.newResultPromise(answer);
            } catch (final IOException | InterruptedException no) {
                throw new IllegalStateException(no);
            }
        }
    }
}
