// Runs what stands on standard input, a list of [function of frodo, arguments...], and prints what came of each, a line each.
const net = require("node:net");
const { frodo } = require("@rockcarver/frodo-lib");

// frodo-lib names a port in its assertion's audience twice, so that a tenant must be on one that goes unnamed.
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const options = Array.isArray(given[0]) ? given[0][0] : given[0];
  Object.assign(options, { host: "127.0.0.1", port: process.env.TENANT_PORT });
  return connect.apply(this, given);
};

function statusOf(error) {
  if (error === undefined) return null;
  return error.httpStatus ?? error.response?.status ?? statusOf(error.originalErrors?.[0]);
}

async function main() {
  const { account, jwk, steps } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const tenant = "http://tenant.example.com/am";
  const mine = frodo.createInstanceWithServiceAccount(tenant, account, JSON.stringify(jwk), "alpha", "cloud");
  mine.state.setUseTokenCache(false);
  for (const [name, ...given] of [["login.getTokens"], ...steps]) {
    let said;
    try {
      const owner = name.split(".").slice(0, -1).reduce((at, part) => at[part], mine);
      said = { result: await owner[name.split(".").at(-1)](...given) };
    } catch (error) {
      said = { error: error.message, status: statusOf(error) };
    }
    console.log(JSON.stringify(said));
  }
  process.exit(0); // a timer would renew the token
}

main();
