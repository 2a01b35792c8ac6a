import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.HandlerList;
import org.eclipse.jetty.server.handler.gzip.GzipHandler;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import org.forgerock.http.Handler;
import org.forgerock.http.HttpApplication;
import org.forgerock.http.handler.Handlers;
import org.forgerock.http.io.Buffer;
import org.forgerock.http.io.IO;
import org.forgerock.http.servlet.HttpFrameworkServlet;
import org.forgerock.json.resource.Applications;
import org.forgerock.json.resource.MemoryBackend;
import org.forgerock.json.resource.Resources;
import org.forgerock.json.resource.Router;
import org.forgerock.json.resource.http.CrestHttp;
import org.forgerock.util.Factory;

/**
 * The genuine CREST code in a Jetty on a free port of 127.0.0.1, which is printed.
 *
 * <p>The same collections under two contexts: /crest as they are, /gz behind a handler that compresses.
 * Ends when standard input does, so never outlives the test run that started it.
 */
public final class CrestServer {
    private CrestServer() {
    }

    /** Starts the server. */
    public static void main(final String[] arguments) throws Exception {
        final Router router = new Router();
        for (final String name : new String[] {"users", "groups"}) {
            router.addRoute(Router.uriTemplate(name), new MemoryBackend());
        }
        for (final Revisions kind : Revisions.values()) {
            router.addRoute(Router.uriTemplate(kind.collection), new RevisionedCollection(kind));
        }
        router.addRoute(Router.uriTemplate("personal"), new PersonalCollection());
        final Handler crest = CrestHttp.newHttpHandler(Applications.simpleCrestApplication(
                Resources.newInternalConnectionFactory(router), null, null));
        final Handler handler = Handlers.chainOf(crest, new Faults());

        final Server server = new Server();
        final ServerConnector connector = new ServerConnector(server, 1, 1);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        final ServletContextHandler zipped = context("/gz", handler);
        // Of its own context: one in front of both would take the suffix off the conditions of both.
        zipped.insertHandler(new GzipHandler());
        server.setHandler(new HandlerList(context("/crest", handler), zipped));
        server.start();
        System.out.println(connector.getLocalPort());
        System.out.flush();
        while (System.in.read() >= 0) {
            continue;
        }
        System.exit(0);
    }

    private static ServletContextHandler context(final String path, final Handler handler) {
        final ServletContextHandler context = new ServletContextHandler();
        context.setContextPath(path);
        context.setAllowNullPathInfo(true);
        final ServletHolder holder = new ServletHolder(new HttpFrameworkServlet(new Application(handler)));
        holder.setAsyncSupported(true);
        context.addServlet(holder, "/*");
        return context;
    }

    private record Application(Handler handler) implements HttpApplication {
        @Override
        public Handler start() {
            return handler;
        }

        @Override
        public Factory<Buffer> getBufferFactory() {
            return IO.newTemporaryStorage();
        }

        @Override
        public void stop() {
            // Ends with the process.
        }
    }
}
