# The Worker in workerd on one machine, for tests and for trying it; everything it is told stands in the environment.
#
#   workerd serve local.capnp --socket-addr http=127.0.0.1:8787 --directory-path state=FOLDER
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Loopback is where the other parts of a trial are; Cloudflare's network reaches public addresses only.
    (name = "internet", network = (allow = ["public", "local"], tlsOptions = (trustBrowserCas = true))),
    (name = "state", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "build/worker.js")],
  compatibilityDate = "2026-11-01",
  durableObjectNamespaces = [(className = "Desk", uniqueKey = "sealrun-desk", enableSql = true)],
  durableObjectStorage = (localDisk = "state"),
  bindings = [
    (name = "DESK", durableObjectNamespace = "Desk"),
    (name = "OFFER", fromEnvironment = "OFFER"),
    (name = "PUBLIC_URL", fromEnvironment = "PUBLIC_URL"),
    (name = "REGION", fromEnvironment = "REGION"),
    (name = "CREDENTIAL", fromEnvironment = "CREDENTIAL"),
    (name = "EDGE_KEY", fromEnvironment = "EDGE_KEY"),
    (name = "UNSAFE_LOOPBACK", fromEnvironment = "UNSAFE_LOOPBACK"),
  ],
);
