import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.rmi.server.RMISocketFactory;
import org.apache.catalina.startup.Bootstrap;

/** Tomcat, in a JVM whose RMI listens on loopback: the embedded directory's JMX would listen on every interface. */
public class OnLoopback {
    public static void main(String[] arguments) throws IOException {
        RMISocketFactory.setSocketFactory(new RMISocketFactory() {
            @Override
            public ServerSocket createServerSocket(int port) throws IOException {
                return new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return new Socket(host, port);
            }
        });
        Bootstrap.main(arguments);
    }
}
